import { tenantSchema } from '#crds/tenant/tenant.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import { type DesiredChild, tenantChildren } from '#operator/tenant/tenant-children.ts';
import { tenantKeys } from '#operator/tenant/tenant-secrets.ts';
import { type OperatorBench, SYSTEM } from '../operator-bench.ts';
import { type ModelTenant, type TenantLook, tenantSpec } from './model.ts';
import { same } from './same.ts';
import { childrenOf } from './vandalise.ts';

/** The fields of each kind that are the operator's whole; nothing else may stand in them. */
const OWNED: Readonly<Record<string, readonly string[]>> = {
  ServiceAccount: ['automountServiceAccountToken'],
  ResourceQuota: ['spec'],
  LimitRange: ['spec'],
  NetworkPolicy: ['spec'],
  RoleBinding: ['roleRef', 'subjects'],
  Secret: ['type', 'data'],
};

/** What differs between a tenant's children and what they should be. */
export async function childDifferences(
  { admin }: OperatorBench,
  tenant: ModelTenant,
  look: TenantLook,
): Promise<string[]> {
  const keys = await admin.get<Fields>(SECRETS, { namespace: SYSTEM, name: 'veralux-keys' });
  const master = Buffer.from((keys?.['data'] as { master?: string } | undefined)?.master ?? '', 'base64');
  const { access } = tenantSchema.shape.spec.parse({ ...tenantSpec(tenant, look) });
  const desired = [...tenantChildren(tenant, { access }), tenantKeys(tenant, master, { generation: 1 })];
  const children = await childrenOf(admin, tenant.namespace);
  const names = [
    'LimitRange/tenant',
    'NetworkPolicy/allow-dns',
    'NetworkPolicy/default-deny',
    'ResourceQuota/tenant',
    ...(look.hasViewer ? ['RoleBinding/tenant-viewers'] : []),
    'Secret/tenant-keys',
    'ServiceAccount/tenant',
  ];
  const found = new Map(
    children.map(({ resource, object }) => [`${resource.kind}/${object.metadata.name}`, object]),
  );
  return [
    ...same(`children of ${tenant.name}`, [...found.keys()].toSorted(), names),
    ...desired.flatMap((child) => differencesOf(child, found.get(pathOf(child)))),
    ...children.flatMap(({ object }) => labelDifferences(tenant, object)),
  ];
}

type Fields = KubeObject & Readonly<Record<string, unknown>>;

function pathOf({ resource, object }: DesiredChild): string {
  return `${resource.kind}/${object.metadata.name}`;
}

function differencesOf(child: DesiredChild, found: KubeObject | undefined): string[] {
  const [wanted, live] = [child.object, found ?? {}] as [Readonly<Record<string, unknown>>, Partial<Fields>];
  return (OWNED[child.resource.kind] ?? []).flatMap((field) =>
    same(`${child.object.metadata.namespace} ${pathOf(child)} ${field}`, live[field], wanted[field]),
  );
}

function labelDifferences(tenant: ModelTenant, { metadata }: KubeObject): string[] {
  const { labels = {} } = metadata;
  const shown = [labels['veralux.io/tenant'], labels['veralux.io/tenant-id']];
  return same(`${metadata.namespace}/${metadata.name} labels`, shown, [tenant.name, tenant.id]);
}
