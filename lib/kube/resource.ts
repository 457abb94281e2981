import type { ObjectRef } from './kube-object.ts';

/** A kind as the API server's paths know it. `group` is empty for the core group. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** The kinds of Kubernetes' own that the programs touch. */
export const NAMESPACES: Resource = core('namespaces', 'Namespace', false);
export const CONFIG_MAPS: Resource = core('configmaps', 'ConfigMap', true);
export const SECRETS: Resource = core('secrets', 'Secret', true);
export const SERVICE_ACCOUNTS: Resource = core('serviceaccounts', 'ServiceAccount', true);
export const RESOURCE_QUOTAS: Resource = core('resourcequotas', 'ResourceQuota', true);
export const LIMIT_RANGES: Resource = core('limitranges', 'LimitRange', true);
export const NETWORK_POLICIES: Resource = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'networkpolicies',
  kind: 'NetworkPolicy',
  namespaced: true,
};
export const ROLE_BINDINGS: Resource = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'rolebindings',
  kind: 'RoleBinding',
  namespaced: true,
};
export const EVENTS: Resource = core('events', 'Event', true);
export const SERVICES: Resource = core('services', 'Service', true);
export const PODS: Resource = core('pods', 'Pod', true);
export const PERSISTENT_VOLUME_CLAIMS: Resource = core(
  'persistentvolumeclaims',
  'PersistentVolumeClaim',
  true,
);
export const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
};
export const DEPLOYMENTS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
};
export const POD_DISRUPTION_BUDGETS: Resource = {
  group: 'policy',
  version: 'v1',
  plural: 'poddisruptionbudgets',
  kind: 'PodDisruptionBudget',
  namespaced: true,
};

export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** The path of a collection: of one namespace, or of the whole cluster when `namespace` is absent. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root = resource.group === '' ? '/api' : '/apis';
  const scope =
    namespace === undefined || !resource.namespaced ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}/${apiVersionOf(resource)}${scope}/${resource.plural}`;
}

/** The path of one object, or of its `subresource` (`status`, `scale` …). */
export function objectPath(resource: Resource, ref: ObjectRef, subresource?: string): string {
  if (resource.namespaced && ref.namespace === undefined) {
    throw new Error(`${resource.kind} ${ref.name} was named without its namespace`);
  }
  const path = `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

function core(plural: string, kind: string, namespaced: boolean): Resource {
  return { group: '', version: 'v1', plural, kind, namespaced };
}
