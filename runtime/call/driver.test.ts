import { describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import type { PodSlots } from '#runtime/admission/pod-slots.ts';
import type { Carrier, CarrierCommand } from '#runtime/carrier/carrier.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import {
  admitted,
  asked,
  attached,
  decided,
  legDialled,
  lost,
  ownerLost,
  result,
  run,
  talking,
  transferred,
} from '#runtime/testing/call-life.ts';
import { CallAdvancer } from './advance.ts';
import type { StoredCall } from './call-record.ts';
import { CallDriver } from './driver.ts';

const pod = {
  pod: 'a',
  runtime: 'x/y',
  state: 'Serving',
  mediaURL: 'ws://a',
  slots: 9,
  calls: 0,
  at: 0,
} as const;

/** A driver whose pod stands still for `frozenMs` while it looks for a slot; the call is then as `after`. */
function driverOf(frozenMs: number, after: StoredCall | undefined) {
  return driverWith(new FakeClock(), frozenMs, storeOf(after));
}

function storeOf(call: StoredCall | undefined): CallStore {
  return {
    load: async () => ({ version: 1, call }),
    commit: async () => 'duplicate',
  } as unknown as CallStore;
}

/** `silentTo`: a command to which the carrier never replies. */
function driverWith(
  clock: FakeClock,
  frozenMs: number,
  store: CallStore,
  { silentTo }: { readonly silentTo?: CarrierCommand['step'] } = {},
) {
  const sent: CarrierCommand['step'][] = [];
  const metrics = createRuntimeMetrics(createRegistry('test'));
  const driver = new CallDriver({
    store,
    advancer: new CallAdvancer(store, metrics),
    slots: {
      pod: async () => {
        await clock.advance(frozenMs);
        return pod;
      },
      reserveOn: async () => true,
    } as unknown as PodSlots,
    carrier: {
      send: async ({ step }) => {
        sent.push(step);
        if (step === silentTo) await new Promise(() => undefined);
        return 'Done';
      },
      waiting: 0,
    } as Pick<Carrier, 'send' | 'waiting'> as Carrier,
    runtime: 'x/y',
    callTokenSecret: 's'.repeat(32),
    letGo: () => undefined,
    log: silentLogger,
    clock,
    metrics,
  });
  return { driver, sent };
}

test('a stream is started once the one before was stopped', async () => {
  const { call } = run(...talking, lost(false));
  const { driver, sent } = driverOf(0, call);
  if (call) await driver.drive(call);
  expect(sent).toEqual(['streaming_stop', 'streaming_start']);
});

test('a pod that stood still does not stop the stream that another has started meanwhile', async () => {
  const { call } = run(...talking, lost(false));
  const { call: after } = run(...talking, lost(false), attached, ownerLost);
  const { driver, sent } = driverOf(3_000, after);
  if (call) await driver.drive(call);
  expect(sent).toEqual([]);
});

test('one that was late for nobody else goes on', async () => {
  const { call } = run(...talking, lost(false));
  const { driver, sent } = driverOf(3_000, call);
  if (call) await driver.drive(call);
  expect(sent).toEqual(['streaming_stop', 'streaming_start']);
});

describe('the leg of a person who did not take the caller', () => {
  const declined = [...talking, asked, result, legDialled, decided('Declined')] as const;

  test('is ended before the stream of the caller is started', async () => {
    const { call } = run(...declined);
    const { driver, sent } = driverOf(0, call);
    if (call) await driver.drive(call);
    expect(sent).toEqual(['hangup', 'streaming_stop', 'streaming_start']);
  });

  test('keeps no caller waiting where the carrier does not reply to that', async () => {
    const clock = new FakeClock();
    const { call } = run(...declined);
    const store = storeOf(call);
    const { driver, sent } = driverWith(clock, 0, store, { silentTo: 'hangup' });
    if (call) void driver.drive(call);
    for (let ms = 0; ms < 600; ms += 100) await clock.advance(100);
    expect(sent).toEqual(['hangup', 'streaming_stop', 'streaming_start']);
  });

  test('is ended beside the transfer of a caller who is put through at once', async () => {
    const { call } = run(...declined, attached, transferred);
    const { driver, sent } = driverOf(0, call);
    if (call) await driver.drive(call);
    expect(sent).toEqual(['hangup', 'transfer']);
  });
});

describe('the result of a command that Redis does not take', () => {
  test('is offered again, and the call goes on from there', async () => {
    const clock = new FakeClock();
    const { call } = run(admitted);
    const store = new StoreThatWasAway(clock, 2_000, call);
    const { driver } = driverWith(clock, 0, store as unknown as CallStore);
    // The pause before the last try may be as long as all before it.
    await Promise.all([call && driver.drive(call), clock.advance(5_000)]);
    expect(store.call?.record).toMatchObject({ state: 'answering', command: { step: 'answer', done: true } });
  });

  test('brings a call that was answered back to a Redis that has lost it', async () => {
    const clock = new FakeClock();
    const { call } = run(admitted);
    const store = new StoreThatWasAway(clock, 2_000, undefined);
    const { driver } = driverWith(clock, 0, store as unknown as CallStore);
    // The pause before the last try may be as long as all before it.
    await Promise.all([call && driver.drive(call), clock.advance(5_000)]);
    expect(store.call?.record).toMatchObject({ state: 'answering', rebuilt: true, command: { done: true } });
  });

  test('is left to the deadline when the pod stops', async () => {
    const clock = new FakeClock();
    const { call } = run(admitted);
    const store = new StoreThatWasAway(clock, 60_000, call);
    const { driver } = driverWith(clock, 0, store as unknown as CallStore);
    const driving = call && driver.drive(call);
    await clock.advance(1_000);
    await driver.stop();
    await driving;
    expect(clock.pending).toBe(0);
  });
});

/** Throws for a while. */
class StoreThatWasAway {
  call: StoredCall | undefined;
  readonly #clock: FakeClock;
  readonly #backAtMs: number;

  constructor(clock: FakeClock, forMs: number, call: StoredCall | undefined) {
    this.#clock = clock;
    this.#backAtMs = clock.now() + forMs;
    this.call = call;
  }

  async load(): Promise<Loaded> {
    if (this.#clock.now() < this.#backAtMs) throw new Error('Redis is away');
    return { version: this.call ? 1 : 0, call: this.call };
  }

  async commit({ transition }: Parameters<CallStore['commit']>[0]): Promise<'stored'> {
    this.call = transition.call;
    return 'stored';
  }
}

type Loaded = Awaited<ReturnType<CallStore['load']>>;
