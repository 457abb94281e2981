/** Names that the operator gives and recognises. */

export const FIELD_MANAGER = 'veralux-operator';

/** Labels and annotations; `veralux.io/platform: "true"` marks namespaces that may hold VoiceRuntimes. */
export const LABELS = {
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
