import { type PhoneNumberStatus, phoneNumberSchema } from '#crds/phone-number/phone-number.ts';
import { projectionKeys } from '#crds/projection/keys.ts';
import { profileOf } from '#crds/projection/tenant-profile.ts';
import { tenantSchema } from '#crds/tenant/tenant.ts';
import { isTrue } from '#operator/engine/conditions.ts';
import { routeOf } from '#operator/phone-number/decide-phone-number.ts';
import { servingTenant } from '#operator/phone-number/reconcile-phone-number.ts';
import { invalidSpec } from '#operator/tenant/decide-tenant.ts';
import { tenantIDOf } from '#operator/world/tenant-id.ts';
import type { World } from '#operator/world/world.ts';

/**
 * All that Redis should hold, from the caches: what the two controllers write one by one. An object
 * whose spec cannot be used keeps what was written before, so the pass must not see it as unwanted:
 * it comes as `keep`.
 */
export function* projectionOf(world: World): Generator<readonly [key: string, value: object | 'keep']> {
  for (const raw of world.tenants.list()) {
    const id = tenantIDOf(world.installationID, raw);
    if (world.holderOfID(id) !== raw) continue;
    const key = projectionKeys.tenant(id);
    const parsed = tenantSchema.safeParse(raw);
    if (raw.metadata.deletionTimestamp !== undefined) continue;
    if (!parsed.success || invalidSpec(parsed.data.spec) !== undefined) yield [key, 'keep'];
    else yield [key, profileOf(parsed.data, id)];
  }
  for (const raw of world.phoneNumbers.list()) {
    const status: PhoneNumberStatus | undefined = raw.status;
    if (status?.number === undefined || raw.metadata.deletionTimestamp !== undefined) continue;
    const key = projectionKeys.did(status.number);
    const serving = servingTenant(world, raw);
    const parsed = phoneNumberSchema.safeParse(raw);
    if (typeof serving === 'string' || !parsed.success || !isTrue(status.conditions, 'Purchased')) {
      yield [key, 'keep'];
      continue;
    }
    const owned = { number: status.number, providerNumberID: status.providerNumberID };
    const { record } = routeOf(parsed.data, owned, { id: serving.id, spec: serving.tenant.spec });
    if (record !== undefined) yield [key, record];
  }
}
