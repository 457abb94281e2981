import { type EffectiveLimits, effectiveLimits } from '#crds/plans/plans.ts';
import { tenantSchema } from '#crds/tenant/tenant.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';

/** What the server keeps of a Tenant in memory: no more than its row needs. */
export interface ObservedTenant extends KubeObject {
  /** Undefined until the operator has put the id into the status, and for what this release cannot read. */
  readonly row?: ObservedRow;
}

/** The columns of `tenants` that are observed, named as they are there. */
export interface ObservedRow {
  readonly tenant_id: string;
  readonly name: string;
  readonly display_name: string;
  readonly contact_name: string | null;
  readonly contact_email: string | null;
  readonly plan: string;
  readonly limits: EffectiveLimits;
  readonly observed_generation: number;
}

/** Reduces a Tenant to what its row needs. */
export function observeTenant(object: KubeObject): ObservedTenant {
  const { apiVersion, kind, metadata } = object;
  const { name, uid, resourceVersion } = metadata;
  const bare = { apiVersion, kind, metadata: { name, uid, resourceVersion } };
  const row = rowOf(object);
  return row ? { ...bare, row } : bare;
}

function rowOf(object: KubeObject): ObservedRow | undefined {
  const parsed = tenantSchema.safeParse(object);
  if (!parsed.success || parsed.data.status?.tenantID === undefined) return undefined;
  const { metadata, spec, status } = parsed.data;
  return {
    tenant_id: status.tenantID ?? '',
    name: metadata.name,
    display_name: spec.displayName,
    contact_name: spec.contact?.name ?? null,
    contact_email: spec.contact?.email ?? null,
    plan: spec.plan,
    limits: effectiveLimits(spec),
    observed_generation: metadata.generation ?? 0,
  };
}
