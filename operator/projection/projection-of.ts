import { type PhoneNumberStatus, phoneNumberSchema } from '#crds/phone-number/phone-number.ts';
import { projectionKeys, subjectOf } from '#crds/projection/keys.ts';
import { profileOf } from '#crds/projection/tenant-profile.ts';
import { isTrue } from '#operator/engine/conditions.ts';
import { isPausedBy } from '#operator/engine/pausable.ts';
import { ANNOTATIONS } from '#operator/installation/names.ts';
import { routeOf } from '#operator/phone-number/decide-phone-number.ts';
import { servingTenant } from '#operator/phone-number/serving-tenant.ts';
import { refersToAnything } from '#operator/references/references-of.ts';
import { judgeTenant } from '#operator/tenant/judge-tenant.ts';
import type { RawPhoneNumber } from '#operator/world/raw-objects.ts';
import { tenantIDOf } from '#operator/world/tenant-id.ts';
import type { World } from '#operator/world/world.ts';
import type { ProjectionSource, Wish } from './full-pass.ts';

/**
 * What Redis should hold, from the caches as they are when it is asked: what the two controllers write
 * one by one. Where a controller leaves what was written before (the object is paused, is refused, or has
 * a spec that cannot be used), so has the pass to: that is `keep`.
 */
export function projectionOf(world: World): ProjectionSource {
  return {
    *keys() {
      // The lists are of the beginning, and whoever asks may take minutes: only the names are taken from them.
      for (const { metadata } of world.tenants.list()) {
        const tenant = world.tenants.get(metadata.name);
        if (tenant !== undefined) yield projectionKeys.tenant(tenantIDOf(world.installationID, tenant));
      }
      for (const number of world.numbersByNumber.values()) yield projectionKeys.did(number);
    },
    wishFor(key) {
      const subject = subjectOf(key);
      if (subject === undefined) return undefined;
      if (subject.part === 'route') return routeFor(world, subject.number);
      if (subject.part === 'profile') return profileFor(world, subject.tenantID);
      return referencesFor(world, subject.tenantID);
    },
    isRemembered(key) {
      const part = subjectOf(key)?.part;
      return part === 'route' || part === 'profile';
    },
  };
}

function profileFor(world: World, id: string): Wish {
  const holder = world.holderOfID(id);
  if (holder === undefined) return undefined;
  if (isPausedBy(ANNOTATIONS.paused, holder)) return 'keep';
  if (holder.metadata.deletionTimestamp !== undefined) return undefined;
  const judgement = judgeTenant(holder, world);
  return 'refusal' in judgement ? 'keep' : profileOf(judgement.tenant, id);
}

/** What a Tenant refers to is read, and written, by its reconcile alone: here is known whether that may be there. */
function referencesFor(world: World, id: string): Wish {
  const holder = world.holderOfID(id);
  if (holder === undefined) return undefined;
  const isServed =
    !isPausedBy(ANNOTATIONS.paused, holder) &&
    holder.metadata.deletionTimestamp === undefined &&
    !('refusal' in judgeTenant(holder, world));
  return isServed && !refersToAnything(holder) ? undefined : 'keep';
}

/** Of several PhoneNumbers that say it is theirs, the claim decides and not this: what is there is kept. */
function routeFor(world: World, number: string): Wish {
  const wishes = world.numbersByNumber
    .keys(number)
    .flatMap((key) => world.phoneNumbers.get(key) ?? [])
    .map((raw) => routeOfOne(world, raw))
    .filter((wish) => wish !== undefined);
  const routes = wishes.filter((wish) => wish !== 'keep');
  const [only] = routes;
  if (only !== undefined && routes.length === 1) return only;
  return wishes.length === 0 ? undefined : 'keep';
}

function routeOfOne(world: World, raw: RawPhoneNumber): Wish {
  const status: PhoneNumberStatus | undefined = raw.status;
  if (status?.number === undefined) return undefined;
  if (isPausedBy(ANNOTATIONS.paused, raw)) return 'keep';
  if (raw.metadata.deletionTimestamp !== undefined) return undefined;
  const serving = servingTenant(world, raw);
  const parsed = phoneNumberSchema.safeParse(raw);
  if (typeof serving === 'string' || !parsed.success || !isTrue(status.conditions, 'Purchased'))
    return 'keep';
  const owned = { number: status.number, providerNumberID: status.providerNumberID };
  return routeOf(parsed.data, owned, { id: serving.id, spec: serving.tenant.spec }).record;
}
