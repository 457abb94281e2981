import { TENANT, tenantSchema } from '#crds/tenant/tenant.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { SECRETS } from '#lib/kube/resource.ts';
import { type DesiredChild, tenantChildren } from '#operator/tenant/tenant-children.ts';
import { tenantKeys } from '#operator/tenant/tenant-secrets.ts';
import { type OperatorBench, type Shown, SYSTEM } from '../operator-bench.ts';
import type { ModelSecret, ModelTenant, TenantLook } from './model.ts';
import { same } from './same.ts';
import { secretData, tenantSpec } from './specs.ts';
import { tenantChildrenIn } from './vandalise.ts';

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
  bench: OperatorBench,
  {
    tenant,
    look,
    secrets,
  }: { readonly tenant: ModelTenant; readonly look: TenantLook; readonly secrets: readonly ModelSecret[] },
): Promise<string[]> {
  const { admin } = bench;
  const { access } = tenantSchema.shape.spec.parse({ ...tenantSpec(tenant, look) });
  const shown = await admin.get<Shown>(TENANT, { name: tenant.name });
  const { generation = 0, rotationRequest } = (shown?.status?.['secrets'] ?? {}) as SecretsShown;
  const keys = tenantKeys(tenant, await masterKeyOf(bench), { generation, rotationRequest });
  const copies = secrets.flatMap((secret) => copyOf(tenant, secret));
  const desired = [...tenantChildren(tenant, { access }), keys, ...copies];
  const children = await tenantChildrenIn(admin, tenant.namespace);
  const names = [
    'LimitRange/tenant',
    'NetworkPolicy/allow-dns',
    'NetworkPolicy/default-deny',
    'ResourceQuota/tenant',
    ...(look.hasViewer ? ['RoleBinding/tenant-viewers'] : []),
    'Secret/tenant-keys',
    'ServiceAccount/tenant',
    ...copies.map(pathOf),
  ];
  const found = new Map(
    children.map(({ resource, object }) => [`${resource.kind}/${object.metadata.name}`, object]),
  );
  return [
    ...same(`children of ${tenant.name}`, [...found.keys()].toSorted(), names.toSorted()),
    ...desired.flatMap((child) => differencesOf(child, found.get(pathOf(child)))),
    ...children.flatMap(({ object }) => labelDifferences(tenant, object)),
    ...rotationDifferences(tenant, generation, rotationRequest),
  ];
}

/** The key that all generated secrets are derived from. */
export async function masterKeyOf({ admin }: OperatorBench): Promise<Uint8Array> {
  const keys = await admin.get<Fields>(SECRETS, { namespace: SYSTEM, name: 'veralux-keys' });
  const { master = '' } = (keys?.['data'] ?? {}) as { readonly master?: string };
  return Buffer.from(master, 'base64');
}

interface SecretsShown {
  readonly generation?: number;
  readonly rotationRequest?: string;
}

/** Each request was heard; of two in a row the operator may have seen but the later. */
function rotationDifferences(
  { name, rotations: { asked, last, least } }: ModelTenant,
  generation: number,
  rotationRequest: string | undefined,
): string[] {
  const isWithin = generation >= least && generation <= asked + 1;
  return [
    ...(isWithin ? [] : [`${name}: generation ${generation} of its secrets, not ${least} to ${asked + 1}`]),
    ...same(`${name} rotationRequest`, rotationRequest, last),
  ];
}

function copyOf({ namespace }: ModelTenant, { ref, wanted }: ModelSecret): DesiredChild[] {
  if (wanted === undefined || !wanted.isShared) return [];
  const metadata = { namespace, name: ref.name };
  return [{ resource: SECRETS, object: { metadata, type: wanted.type, data: secretData(wanted) } }];
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
