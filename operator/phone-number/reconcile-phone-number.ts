import { PHONE_NUMBER, type PhoneNumber, phoneNumberSchema } from '#crds/phone-number/phone-number.ts';
import { latestOf, writeStatus } from '#operator/engine/apply.ts';
import { mergeConditions, type Verdict } from '#operator/engine/conditions.ts';
import type { Outcome, ReconcileContext } from '#operator/engine/controller.ts';
import { addFinalizer } from '#operator/engine/finalizers.ts';
import { FIELD_MANAGER, FINALIZERS } from '#operator/installation/names.ts';
import { runtimeVerdict } from '#operator/tenant/decide-tenant.ts';
import type { RawPhoneNumber } from '#operator/world/raw-objects.ts';
import { servedVerdict } from '#operator/world/served.ts';
import { verdict } from '#operator/world/verdict.ts';
import { hasPlace, phoneNumberReady } from './decide-phone-number.ts';
import { deletePhoneNumber } from './delete-phone-number.ts';
import { ensureAtCarrier } from './ensure-at-carrier.ts';
import { mapNumber } from './map-number.ts';
import type { PhoneNumberDependencies, ServingTenant } from './phone-number-dependencies.ts';
import { servingTenant } from './serving-tenant.ts';

/** Brings one PhoneNumber to be owned, assigned and mapped, as far as it can get now. */
export async function reconcilePhoneNumber(
  key: string,
  dependencies: PhoneNumberDependencies,
  context: ReconcileContext,
): Promise<Outcome> {
  const { world, client, checks, granted } = dependencies;
  const raw = world.phoneNumbers.get(key);
  if (raw === undefined) {
    checks.forget(key);
    granted.delete(key);
    return {};
  }
  if (raw.metadata.deletionTimestamp !== undefined) return deletePhoneNumber(raw, dependencies, context);

  const serving = servingTenant(world, raw);
  if (typeof serving === 'string') {
    const purchased = verdict('Purchased', 'False', 'TenantNotReady', serving);
    return refuse(
      raw,
      [verdict('Ready', 'False', 'Failed', `Purchased: ${serving}`), purchased],
      dependencies,
    );
  }
  const parsed = phoneNumberSchema.safeParse(raw);
  if (!parsed.success) {
    const message = parsed.error.issues
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      .join('; ');
    return refuse(raw, [verdict('Ready', 'False', 'InvalidSpec', message)], dependencies);
  }
  const all = world.numbersByNamespace.keys(raw.metadata.namespace ?? '').flatMap((other) => {
    const number = world.phoneNumbers.get(other);
    return number === undefined ? [] : [number];
  });
  if (!hasPlace(raw, all, serving.tenant, granted)) {
    granted.delete(key);
    const message = "The tenant's limit of phone numbers is reached: delete one, or raise the limit.";
    const purchased = verdict('Purchased', 'False', 'LimitReached', message);
    return refuse(
      raw,
      [verdict('Ready', 'False', 'Failed', `Purchased: ${message}`), purchased],
      dependencies,
    );
  }
  granted.add(key);
  const finalizing = { client, resource: PHONE_NUMBER, fieldManager: FIELD_MANAGER };
  await addFinalizer(finalizing, raw, FINALIZERS.phoneNumber);
  return serve(parsed.data, serving, dependencies, context);
}

async function serve(
  phoneNumber: PhoneNumber,
  serving: ServingTenant,
  dependencies: PhoneNumberDependencies,
  { signal }: ReconcileContext,
): Promise<Outcome> {
  const { world, client, clock } = dependencies;
  const runtime = world.runtimes.get(serving.runtimeKey);
  const state = await ensureAtCarrier(phoneNumber, serving, dependencies);
  const route = await mapNumber(phoneNumber, serving, state, dependencies);
  const verdicts = [
    state.purchased,
    state.assigned,
    route.verdict,
    runtimeVerdict(serving.runtimeKey, runtime),
  ];
  const served = servedVerdict('PhoneNumber', phoneNumber.spec);
  await writeStatus({
    client,
    resource: PHONE_NUMBER,
    fieldManager: FIELD_MANAGER,
    object: latestOf<RawPhoneNumber>(world.phoneNumbers, phoneNumber),
    signal,
    status: {
      observedGeneration: phoneNumber.metadata.generation,
      number: state.number,
      providerNumberID: state.providerNumberID,
      orderID: state.orderID,
      runtime: serving.runtimeKey,
      conditions: mergeConditions(
        phoneNumber.status?.conditions ?? [],
        [phoneNumberReady(phoneNumber, verdicts), ...verdicts, served],
        { nowMs: clock.now(), generation: phoneNumber.metadata.generation ?? 0 },
      ),
    },
  });
  return { requeueAfterMs: Math.min(state.requeueAfterMs, route.requeueAfterMs) };
}

/** Says why nothing is done, and leaves what is owned and mapped as it is. */
async function refuse(
  raw: RawPhoneNumber,
  verdicts: readonly Verdict[],
  { client, clock, events }: PhoneNumberDependencies,
): Promise<Outcome> {
  const generation = raw.metadata.generation ?? 0;
  const conditions = mergeConditions(raw.status?.conditions ?? [], verdicts, {
    nowMs: clock.now(),
    generation,
  });
  const status = { ...raw.status, observedGeneration: generation, conditions };
  await writeStatus({ client, resource: PHONE_NUMBER, fieldManager: FIELD_MANAGER, object: raw, status });
  const worst = verdicts.at(-1);
  if (worst !== undefined) {
    events.record(raw, { type: 'Warning', reason: worst.reason, message: worst.message });
  }
  return {};
}
