import type { KubeObject } from '#lib/kube/kube-object.ts';

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
} as const;

export const FINALIZERS = {
  tenant: 'veralux.io/tenant',
  phoneNumber: 'veralux.io/phone-number',
} as const;

/** Selects what the operator has made. */
export const MANAGED_SELECTOR = `${LABELS.managedBy}=${FIELD_MANAGER}`;

export function tenantNamespace(tenantName: string): string {
  return `tenant-${tenantName}`;
}

/** Whether VoiceRuntimes in this namespace are looked after; tenants' namespaces never are. */
export function isPlatform(namespace: KubeObject | undefined): boolean {
  return namespace?.metadata.labels?.[LABELS.platform] === 'true';
}
