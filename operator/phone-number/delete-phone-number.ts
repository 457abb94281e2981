import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { projectionKeys } from '#crds/projection/keys.ts';
import { keyOf } from '#lib/kube/kube-object.ts';
import { CarrierError, type NumberCarrier } from '#operator/carrier/number-carrier.ts';
import { writeStatus } from '#operator/engine/apply.ts';
import { mergeConditions } from '#operator/engine/conditions.ts';
import type { Outcome, ReconcileContext } from '#operator/engine/controller.ts';
import { removeFinalizer } from '#operator/engine/finalizers.ts';
import { FIELD_MANAGER, FINALIZERS, LABELS } from '#operator/installation/names.ts';
import { RedisUnavailable } from '#operator/projection/projector.ts';
import type { RawPhoneNumber } from '#operator/world/raw-objects.ts';
import { verdict } from '#operator/world/verdict.ts';
import { runtimeKeyOf } from '#operator/world/world.ts';
import { type Claimant, isSame } from './claims.ts';
import { claimantOf } from './ensure-at-carrier.ts';
import type { PhoneNumberDependencies } from './phone-number-dependencies.ts';

const LOOK_AGAIN_MS = 15_000;

/**
 * A PhoneNumber's end: its calls are no longer answered, then the number is released or kept as
 * spec.releasePolicy says. A kept number keeps its claim, so that nobody else gets it by accident.
 */
export async function deletePhoneNumber(
  raw: RawPhoneNumber,
  dependencies: PhoneNumberDependencies,
  context: ReconcileContext,
): Promise<Outcome> {
  if (!(raw.metadata.finalizers ?? []).includes(FINALIZERS.phoneNumber)) return {};
  try {
    return await endPhoneNumber(raw, dependencies, context);
  } catch (error) {
    if (!(error instanceof RedisUnavailable)) throw error;
    await say(raw, `Its calls have to stop arriving first. ${error.message}`, dependencies);
    return { requeueAfterMs: LOOK_AGAIN_MS };
  }
}

async function endPhoneNumber(
  raw: RawPhoneNumber,
  dependencies: PhoneNumberDependencies,
  { log }: ReconcileContext,
): Promise<Outcome> {
  const { world, client, projector, claims, checks, granted } = dependencies;
  const labels = world.namespaces.get(raw.metadata.namespace ?? '')?.metadata.labels;
  const claimant = claimantOf(world.installationID, raw, labels?.[LABELS.tenantID] ?? '');
  const number = raw.status?.number;
  if (number !== undefined) {
    const holder = await claims.holderOf(number);
    const isOurs = holder === undefined || holder.reference === claimant.reference;
    if (isOurs) await projector.remove(projectionKeys.did(number));
  }
  const problem =
    raw.spec?.['releasePolicy'] === 'Release'
      ? await release(raw, claimant, dependencies)
      : await keep(raw, claimant, dependencies);
  if (problem !== undefined) {
    await say(raw, problem, dependencies);
    return { requeueAfterMs: LOOK_AGAIN_MS };
  }
  checks.forget(keyOf(raw.metadata));
  granted.delete(keyOf(raw.metadata));
  const finalizing = { client, resource: PHONE_NUMBER, fieldManager: FIELD_MANAGER };
  await removeFinalizer(finalizing, raw, FINALIZERS.phoneNumber);
  log.info('the phone number is gone');
  return {};
}

/** Gives back every number that is ours; the sentence that says what is in the way, if something is. */
async function release(
  raw: RawPhoneNumber,
  claimant: Claimant,
  dependencies: PhoneNumberDependencies,
): Promise<string | undefined> {
  const { claims } = dependencies;
  const held = await claims.heldBy(claimant);
  const carrier = await carrierOf(raw, dependencies);
  if (typeof carrier === 'string') {
    // Nothing was ever claimed, so nothing can have been bought.
    if (held.length === 0 && raw.status?.number === undefined) return undefined;
    return `The number cannot be released: ${carrier} Set spec.releasePolicy to Retain to keep it and go on.`;
  }
  try {
    const orders = await carrier.findOrders(claimant.reference);
    if (orders.some(({ status }) => status === 'Pending')) return 'An order is still under way.';
    const owned = await carrier.findOwnedByReference(claimant.reference);
    for (const { id, number } of owned) {
      // A mark can be older than the claim: a number that was kept for another is not ours to release.
      const holder = await claims.holderOf(number);
      if (holder === undefined || isSame(holder, claimant)) await carrier.release(id);
    }
    for (const { number } of held) {
      const brought = await carrier.findOwned(number);
      if (brought !== undefined && mayRelease(brought.reference, claimant)) await carrier.release(brought.id);
      await claims.free(number, claimant);
    }
    return undefined;
  } catch (error) {
    if (error instanceof CarrierError) return error.message;
    throw error;
  }
}

/** A number that was brought and never assigned carries no mark, or one of people's own. */
function mayRelease(reference: string | undefined, claimant: Claimant): boolean {
  const [installation] = claimant.reference.split('/');
  return reference === claimant.reference || reference?.split('/')[0] !== installation;
}

/** Keeps what was bought; gives up claims on what was not. */
async function keep(
  raw: RawPhoneNumber,
  claimant: Claimant,
  dependencies: PhoneNumberDependencies,
): Promise<undefined> {
  const { claims } = dependencies;
  if (raw.status?.number !== undefined) return undefined;
  const held = await claims.heldBy(claimant);
  if (held.length === 0) return undefined;
  const carrier = await carrierOf(raw, dependencies);
  if (typeof carrier === 'string') return undefined;
  try {
    const orders = await carrier.findOrders(claimant.reference);
    if (orders.some(({ status }) => status !== 'Failure')) return undefined;
    for (const { number } of held) {
      if ((await carrier.findOwned(number)) === undefined) await claims.free(number, claimant);
    }
    return undefined;
  } catch (error) {
    // In doubt a claim is kept: it costs nothing, and a number given away does.
    if (error instanceof CarrierError) return undefined;
    throw error;
  }
}

async function carrierOf(
  raw: RawPhoneNumber,
  { world, carriers }: PhoneNumberDependencies,
): Promise<NumberCarrier | string> {
  const tenant = world.tenantOfNamespace(raw.metadata.namespace);
  const key = raw.status?.runtime ?? (tenant === undefined ? undefined : runtimeKeyOf(tenant));
  const runtime = key === undefined ? undefined : world.runtimes.get(key);
  if (runtime === undefined)
    return `there is no VoiceRuntime ${key ?? ''}, so the carrier account is unknown.`;
  const found = await carriers.find(runtime);
  return found.kind === 'Found' ? found.carrier : found.message;
}

async function say(
  raw: RawPhoneNumber,
  message: string,
  { client, clock, events }: PhoneNumberDependencies,
): Promise<void> {
  const generation = raw.metadata.generation ?? 0;
  const conditions = mergeConditions(
    raw.status?.conditions ?? [],
    [verdict('Ready', 'False', 'Deleting', message)],
    { nowMs: clock.now(), generation },
  );
  const status = { ...raw.status, observedGeneration: generation, conditions };
  await writeStatus({ client, resource: PHONE_NUMBER, fieldManager: FIELD_MANAGER, object: raw, status });
  events.record(raw, { type: 'Warning', reason: 'Deleting', message });
}
