import { type Tenant, tenantSchema } from '#crds/tenant/tenant.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import { ANNOTATIONS } from '#operator/installation/names.ts';
import type { RawTenant } from '#operator/world/raw-objects.ts';
import { tenantIDOf } from '#operator/world/tenant-id.ts';
import { verdict } from '#operator/world/verdict.ts';
import type { World } from '#operator/world/world.ts';
import { idTaken, invalidSpec, rowsKept } from './decide-tenant.ts';

export type Judgement =
  | { readonly id: string; readonly tenant: Tenant }
  | { readonly id: string; readonly refusal: Verdict };

/** Whether a Tenant is served, or the first reason why not: its id, rows kept under it, its spec. */
export function judgeTenant(raw: RawTenant, world: World): Judgement {
  const { name, annotations } = raw.metadata;
  const id = tenantIDOf(world.installationID, raw);
  const holder = world.holderOfID(id)?.metadata.name;
  if (holder !== undefined && holder !== name) return { id, refusal: idTaken(id, holder) };

  const kept = world.retainedRows(id);
  if (kept !== undefined && annotations?.[ANNOTATIONS.adoptData] !== 'true') {
    return { id, refusal: rowsKept(name, id, kept) };
  }
  const parsed = tenantSchema.safeParse(raw);
  if (!parsed.success) {
    const message = parsed.error.issues
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      .join('; ');
    return { id, refusal: verdict('Ready', 'False', 'InvalidSpec', message) };
  }
  const refusal = invalidSpec(parsed.data.spec);
  return refusal === undefined ? { id, tenant: parsed.data } : { id, refusal };
}
