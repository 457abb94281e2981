import { API_GROUP } from '#crds/schema/custom-resource.ts';
import {
  ADOPT_DATA_ANNOTATION,
  DATA_FINALIZER,
  RETAINED_LABEL,
  TENANT_FINALIZER,
} from '#crds/tenant/kept-data.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { ChildNames } from '#operator/engine/child-kind.ts';

/** Names that the operator gives and recognises. */

export const FIELD_MANAGER = 'veralux-operator';

/** Labels that the operator gives or looks at. */
export const LABELS = {
  /** `"true"` on namespaces that may hold VoiceRuntimes. */
  platform: 'veralux.io/platform',
  managedBy: 'app.kubernetes.io/managed-by',
  /** The name of the Tenant that a namespace or a child belongs to. */
  tenant: 'veralux.io/tenant',
  tenantID: 'veralux.io/tenant-id',
  /** On claim ConfigMaps. */
  claim: 'veralux.io/claim',
  /** `"true"` on Secrets of the operator's namespace that every tenant's namespace gets a copy of. */
  copyToTenants: 'veralux.io/copy-to-tenants',
  /** `"true"` on the records of kept rows. */
  retained: RETAINED_LABEL,
} as const;

export const ANNOTATIONS = {
  /** On a Tenant, PhoneNumber or VoiceRuntime, `"true"`: nothing is done for it, also not its end. */
  paused: 'veralux.io/paused',
  /** On a tenant's namespace: which children were made in it, so that a missing one was deleted by hand. */
  children: 'veralux.io/children',
  /** On a Tenant: a value other than the last has its generated secrets rotated. On `tenant-keys`: the last. */
  rotateSecrets: 'veralux.io/rotate-secrets',
  /** On `tenant-keys`: of which generation it is. Beside it stands the request that was carried out last. */
  secretsGeneration: 'veralux.io/secrets-generation',
  /** On a Tenant, `"true"`: the kept rows of a deleted one with its id are to be its own. */
  adoptData: ADOPT_DATA_ANNOTATION,
} as const;

export const FINALIZERS = {
  tenant: TENANT_FINALIZER,
  /** Removed by the API server, once it has recorded what becomes of the rows. */
  data: DATA_FINALIZER,
  phoneNumber: 'veralux.io/phone-number',
} as const;

/** Selects what the operator has made. */
export const MANAGED_SELECTOR = `${LABELS.managedBy}=${FIELD_MANAGER}`;

/** How the operator marks and recognises all that it makes. */
export const CHILD_NAMES: ChildNames = {
  fieldManager: FIELD_MANAGER,
  managedBy: { label: LABELS.managedBy, value: FIELD_MANAGER },
  appliedDigest: 'veralux.io/applied-digest',
  prefixes: ['veralux.io/', 'app.kubernetes.io/'],
  ownerGroup: API_GROUP,
};

/** The Secret in a tenant's namespace that is generated for it; no shared Secret may have its name. */
export const TENANT_KEYS = 'tenant-keys';

export function tenantNamespace(tenantName: string): string {
  return `tenant-${tenantName}`;
}

/** Whether VoiceRuntimes in this namespace are looked after; tenants' namespaces never are. */
export function isPlatform(namespace: KubeObject | undefined): boolean {
  return namespace?.metadata.labels?.[LABELS.platform] === 'true';
}
