import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import type { PodSlots } from '#runtime/admission/pod-slots.ts';
import type { Carrier, CarrierCommand } from '#runtime/carrier/carrier.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import { attached, lost, ownerLost, run, talking } from '#runtime/testing/call-life.ts';
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
  const clock = new FakeClock();
  const sent: CarrierCommand['step'][] = [];
  const store = {
    load: async () => ({ version: 1, call: after }),
    commit: async () => 'duplicate',
  } as unknown as CallStore;
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
