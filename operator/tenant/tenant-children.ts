import type { Tenant, TenantSpec } from '#crds/tenant/tenant.ts';
import type { Applied } from '#lib/kube/kube-client.ts';
import {
  LIMIT_RANGES,
  NETWORK_POLICIES,
  RESOURCE_QUOTAS,
  type Resource,
  ROLE_BINDINGS,
  SERVICE_ACCOUNTS,
} from '#lib/kube/resource.ts';
import { FIELD_MANAGER, LABELS, tenantNamespace } from '#operator/installation/names.ts';

/** What a tenant's namespace holds, beside Secrets, as the operator wants it. All pure. */

/** Whose children they are. */
export interface TenantIdentity {
  readonly name: string;
  readonly id: string;
}

export interface DesiredChild {
  readonly resource: Resource;
  readonly object: Applied;
}

/** The only role that spec.access gives; it is shipped with the manifests. */
const VIEWER_ROLE = 'veralux-tenant-viewer';

/** The RoleBinding that is there only while spec.access names somebody. */
export const VIEWERS = 'tenant-viewers';

export function childLabels(tenant: TenantIdentity): Readonly<Record<string, string>> {
  return {
    [LABELS.managedBy]: FIELD_MANAGER,
    [LABELS.tenant]: tenant.name,
    [LABELS.tenantID]: tenant.id,
  };
}

export function childMetadata(tenant: TenantIdentity, name: string): Applied['metadata'] {
  return { name, namespace: tenantNamespace(tenant.name), labels: childLabels(tenant) };
}

export function tenantChildren(tenant: TenantIdentity, spec: Pick<TenantSpec, 'access'>): DesiredChild[] {
  const child = (resource: Resource, name: string, fields: object): DesiredChild => ({
    resource,
    object: { metadata: childMetadata(tenant, name), ...fields },
  });
  return [
    // What a tenant's own workloads would run under. It may do nothing.
    child(SERVICE_ACCOUNTS, 'tenant', { automountServiceAccountToken: false }),
    child(RESOURCE_QUOTAS, 'tenant', { spec: QUOTA }),
    child(LIMIT_RANGES, 'tenant', { spec: LIMITS }),
    child(NETWORK_POLICIES, 'default-deny', { spec: DENY_ALL }),
    child(NETWORK_POLICIES, 'allow-dns', { spec: ALLOW_DNS }),
    ...(spec.access.length === 0 ? [] : [child(ROLE_BINDINGS, VIEWERS, bindingOf(spec.access))]),
  ];
}

/**
 * A bound on what a tenant's own workloads may take of the cluster. It counts nothing that the operator
 * makes there: a new quota refuses what it counts until its controller has filled in its status.
 */
const QUOTA = {
  hard: {
    'limits.cpu': '4',
    'limits.memory': '8Gi',
    'requests.cpu': '2',
    'requests.memory': '4Gi',
    'requests.storage': '20Gi',
    persistentvolumeclaims: '4',
    pods: '10',
    'services.loadbalancers': '0',
    'services.nodeports': '0',
  },
};

/** A container that says nothing gets these; without them the quota would refuse it. */
const LIMITS = {
  limits: [
    {
      type: 'Container',
      default: { cpu: '500m', memory: '512Mi' },
      defaultRequest: { cpu: '100m', memory: '128Mi' },
      max: { cpu: '2', memory: '4Gi' },
    },
  ],
};

const DENY_ALL = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };

/**
 * Names are looked up at the cluster's DNS; everything else has to be opened on purpose. Where its pods are
 * and what they are called differs: kube-system and k8s-app=kube-dns are one distribution's names, and OpenShift's
 * listen at 5353. NodeLocal DNSCache answers at an address of the node, which no selector finds.
 */
const ALLOW_DNS = {
  podSelector: {},
  policyTypes: ['Egress'],
  egress: [
    {
      to: [{ namespaceSelector: {} }, { ipBlock: { cidr: '169.254.20.10/32' } }],
      ports: [53, 5353].flatMap((port) => ['UDP', 'TCP'].map((protocol) => ({ protocol, port }))),
    },
  ],
};

function bindingOf(access: Tenant['spec']['access']): object {
  const apiGroup = 'rbac.authorization.k8s.io';
  return {
    roleRef: { apiGroup, kind: 'ClusterRole', name: VIEWER_ROLE },
    subjects: access.map(({ kind, name }) => {
      if (kind !== 'ServiceAccount') return { apiGroup, kind, name };
      const [namespace, account] = name.split('/');
      return { kind, name: account, namespace };
    }),
  };
}
