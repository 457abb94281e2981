import { judgeTenant } from '#operator/tenant/judge-tenant.ts';
import type { RawPhoneNumber } from '#operator/world/raw-objects.ts';
import { runtimeKeyOf, type World } from '#operator/world/world.ts';
import type { ServingTenant } from './phone-number-dependencies.ts';

/** The tenant that the namespace was made for, or the sentence that says why there is none. */
export function servingTenant(world: World, raw: RawPhoneNumber): ServingTenant | string {
  const { namespace = '' } = raw.metadata;
  const found = world.tenantOfNamespace(namespace);
  if (found === undefined) {
    return `The namespace ${namespace} is not a tenant's: make PhoneNumbers in the namespace of a Tenant.`;
  }
  const { name } = found.metadata;
  if (found.metadata.deletionTimestamp !== undefined) return `The Tenant ${name} is being deleted.`;
  const judgement = judgeTenant(found, world);
  if ('refusal' in judgement) return `The Tenant ${name} is refused. ${judgement.refusal.message}`;
  return { ...judgement, runtimeKey: runtimeKeyOf(found) ?? '' };
}
