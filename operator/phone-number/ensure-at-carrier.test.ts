import { expect, test } from 'vitest';
import { type PhoneNumber, phoneNumberSchema } from '#crds/phone-number/phone-number.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { CarrierError } from '#operator/carrier/number-carrier.ts';
import { CARRIER_CHECK_MS, CarrierChecks } from './carrier-checks.ts';
import type { CarrierState } from './carrier-state.ts';
import { Claims } from './claims.ts';
import { ensureAtCarrier } from './ensure-at-carrier.ts';
import { FakeConfigMaps } from './fakes/config-maps.ts';
import { FakeNumberAccount } from './fakes/number-account.ts';

const NUMBER = '+13125550100';

function numberWith(state?: CarrierState): PhoneNumber {
  const conditions = state && [state.purchased, state.assigned].map((one) => ({ ...one, ...AT }));
  return phoneNumberSchema.parse({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'PhoneNumber',
    metadata: { name: 'main', namespace: 'tenant-a', generation: 1 },
    spec: { number: NUMBER },
    status: state && { observedGeneration: 1, number: state.number, conditions },
  });
}

const AT = { lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 1 };

/** A number that the carrier owns for us; each look is at what the one before wrote. */
function open() {
  const clock = new FakeClock();
  const account = new FakeNumberAccount(clock);
  account.give(NUMBER, 'here/tenant-a/main');
  let connectionID = 'application';
  let error: CarrierError | undefined;
  const carrier = new Proxy(account, {
    get: (target, name) =>
      name === 'findOwned' && error !== undefined
        ? () => Promise.reject(error)
        : Reflect.get(target, name).bind(target),
  });
  const claims = new Claims({
    client: new FakeConfigMaps(),
    namespace: 'system',
    ownerExists: async () => true,
  });
  const dependencies = {
    world: { installationID: 'here', runtimes: { get: () => ({ status: { connectionID } }) } },
    carriers: { find: async () => ({ kind: 'Found', carrier }) },
    claims,
    checks: new CarrierChecks(clock),
    events: { record: () => undefined },
    clock,
  } as unknown as Parameters<typeof ensureAtCarrier>[2];
  const serving = { id: 'a', runtimeKey: 'b/c' } as unknown as Parameters<typeof ensureAtCarrier>[1];
  let state: CarrierState | undefined;
  return {
    clock,
    look: async () => {
      state = await ensureAtCarrier(numberWith(state), serving, dependencies);
      return state;
    },
    fail: (kind: 'Unavailable' | 'Refused') => {
      error = new CarrierError(kind, `It is ${kind}.`);
    },
    moveTo: (id: string) => {
      connectionID = id;
    },
  };
}

test('a number stays assigned while the carrier is away, and is looked up soon again', async () => {
  const { clock, look, fail } = open();
  expect((await look()).assigned).toMatchObject({ status: 'True', reason: 'Assigned' });
  fail('Unavailable');
  await clock.advance(CARRIER_CHECK_MS);
  for (const _round of [1, 2]) {
    const { assigned, purchased, requeueAfterMs } = await look();
    expect(purchased).toMatchObject({ status: 'True' });
    expect(assigned).toMatchObject({ status: 'True', reason: 'CarrierUnavailable' });
    expect(requeueAfterMs).toBe(15_000);
    await clock.advance(15_000);
  }
});

test('a number whose calls are to go elsewhere is not assigned while the carrier is away', async () => {
  const { look, fail, moveTo } = open();
  await look();
  fail('Unavailable');
  moveTo('other');
  expect((await look()).assigned).toMatchObject({ status: 'False', reason: 'CarrierUnavailable' });
});

test('a refusal of the carrier takes the assignment back', async () => {
  const { clock, look, fail } = open();
  await look();
  fail('Refused');
  await clock.advance(CARRIER_CHECK_MS);
  expect((await look()).assigned).toMatchObject({ status: 'False' });
});
