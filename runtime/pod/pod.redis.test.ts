import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { podKeys } from '#crds/projection/keys.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { PodSlots } from '#runtime/admission/pod-slots.ts';
import { LiveCalls } from '#runtime/call/live-calls.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { Pod } from './pod.ts';
import { PodRegistry } from './pod-registry.ts';

const RUNTIME = 'test/runtime';
const SLOTS = 5;

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startTestRedis();
  redis = await connectRedis({ url: server.url, name: 'test', log: silentLogger, commandTimeoutMs: 30_000 });
});

afterAll(async () => {
  await disconnectRedis(redis);
  await server.stop();
});

const call = () => ({ tenantID: '6f1c1d1e-0000-4000-8000-00000000000a', callID: randomUUID() });

/** Each of its own: a slots object remembers its last look for a moment. */
const newSlots = () => new PodSlots({ redis, clock: systemClock, runtime: RUNTIME });

function newPod(takesCalls: () => boolean = () => true): Pod {
  return new Pod({
    clock: systemClock,
    log: silentLogger,
    runtime: RUNTIME,
    pod: 'a',
    mediaURL: 'ws://x',
    address: undefined,
    registry: new PodRegistry(redis, RUNTIME),
    slotCount: SLOTS,
    slots: newSlots(),
    live: new LiveCalls(createRuntimeMetrics(createRegistry('test'))),
    peers: { learn: async () => undefined, anyHasRedis: async () => false },
    canServe: () => true,
    takesCalls,
  });
}

test('a pod that has signed off is not heard of again, whoever asks it to say that it is there', async () => {
  const pod = newPod();
  await pod.beat();
  expect(await newSlots().pod('a')).toBeDefined();
  await pod.stop();
  await pod.beat();
  expect(await newSlots().pod('a')).toBeUndefined();
});

test('a pod that is too busy gets no new calls, takes up those that nobody else can, and serves again when it is calm', async () => {
  let takesCalls = true;
  const reserve = (ref: ReturnType<typeof call>, options = {}) => newSlots().reserve(ref, options);
  const pod = newPod(() => takesCalls);
  await pod.beat();
  const admitted = call();
  expect((await reserve(admitted)).outcome).toBe('Reserved');
  takesCalls = false;
  pod.hasChanged();
  await expect.poll(async () => (await reserve(call())).outcome).toBe('PodsFull');
  // Somebody waits on the line: up to what it can hold at all.
  const urgent = await Promise.all(Array.from({ length: SLOTS }, () => reserve(call(), { urgent: true })));
  expect(urgent.map(({ outcome }) => outcome).toSorted()).toEqual([
    'PodsFull',
    ...Array(SLOTS - 1).fill('Reserved'),
  ]);
  expect(await newSlots().reserveOn('a', admitted, SLOTS)).toBe(true);
  expect(pod.notReady()).toEqual([]);
  takesCalls = true;
  await redis.del(podKeys.slots(RUNTIME, 'a'));
  await pod.beat();
  expect((await reserve(call())).outcome).toBe('Reserved');
});
