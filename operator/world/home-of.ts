import type { KubeObject } from '#lib/kube/kube-object.ts';
import { FIELD_MANAGER, LABELS, tenantNamespace } from '#operator/installation/names.ts';

/** Whose a tenant's namespace is, as its labels say since it was made; undefined for every other namespace. */
export function homeOf(
  namespace: KubeObject | undefined,
): { readonly tenant: string; readonly id: string } | undefined {
  const { name, labels } = namespace?.metadata ?? {};
  if (labels?.[LABELS.managedBy] !== FIELD_MANAGER) return undefined;
  const [tenant, id] = [labels[LABELS.tenant], labels[LABELS.tenantID]];
  if (tenant === undefined || id === undefined || name !== tenantNamespace(tenant)) return undefined;
  return { tenant, id };
}
