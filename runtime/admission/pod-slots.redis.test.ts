import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { podKeys } from '#crds/projection/keys.ts';
import { HEARTBEAT_STALE_MS } from '#crds/projection/pod-heartbeat.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { flushAll } from '#hack/testing/redis-topology.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { mastersOf } from '#lib/redis/servers.ts';
import { PodSlots } from './pod-slots.ts';

const RUNTIME = 'test/runtime';
const A = '6f1c1d1e-0000-4000-8000-00000000000a';
const B = '6f1c1d1e-0000-4000-8000-00000000000b';

let server: TestRedis;
let redis: Redis;
/** A pod's clock that is a century away from Redis': nothing may depend on it. */
let clock: FakeClock;
let slots: PodSlots;

beforeAll(async () => {
  server = await startTestRedis();
  redis = await connectRedis({ url: server.url, name: 'test', log: silentLogger, commandTimeoutMs: 30_000 });
});

afterAll(async () => {
  await disconnectRedis(redis);
  await server.stop();
});

beforeEach(async () => {
  await flushAll(redis);
  clock = new FakeClock(Date.UTC(2126, 0, 1));
  slots = new PodSlots({ redis, clock, runtime: RUNTIME });
});

/** As a pod says it itself; `ageMs` by Redis' time. */
async function announce(
  pod: string,
  slotCount: number,
  ageMs = 0,
  state = 'Serving',
  more: object = {},
): Promise<void> {
  const seconds = await redisSeconds();
  const at = seconds * 1_000 - ageMs;
  const beat = {
    pod,
    runtime: RUNTIME,
    state,
    mediaURL: 'ws://x',
    slots: slotCount,
    calls: 0,
    at,
    ...more,
  };
  await redis.hset(podKeys.pod(RUNTIME, pod), 'value', JSON.stringify(beat));
  await redis.zadd(podKeys.runtimePods(RUNTIME), at, pod);
}

async function redisSeconds(): Promise<number> {
  const [[seconds] = []] = await Promise.all(mastersOf(redis).map((one) => one.time()));
  return Number(seconds);
}

const call = (tenantID: string) => ({ tenantID, callID: randomUUID() });
const outcomes = (tenantID: string, count: number, fair = true) =>
  Promise.all(
    Array.from({ length: count }, async () => (await slots.reserve(call(tenantID), { fair })).outcome),
  );
const taken = (results: readonly string[]) => results.filter((result) => result === 'Reserved').length;

describe('fair shares', () => {
  test('a storm of one tenant in one instant leaves a fifth to others, who get it', async () => {
    await announce('pod-a', 50);
    const storm = await outcomes(A, 200);
    expect(taken(storm)).toBe(40);
    expect(new Set(storm)).toEqual(new Set(['Reserved', 'FairShare']));
    expect(await outcomes(B, 3)).toEqual(['Reserved', 'Reserved', 'Reserved']);
  });

  test('a site of one tenant has all of its slots', async () => {
    await announce('pod-a', 50);
    expect(taken(await outcomes(A, 60, false))).toBe(50);
  });

  test('whatever others hold, a tenant without calls gets a slot while one is free; storms leave one free', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 5, max: 40 }),
        fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 60 }),
        async (slotCount, arrivals) => {
          await flushAll(redis);
          slots = new PodSlots({ redis, clock, runtime: RUNTIME });
          await announce('pod-a', slotCount);
          const tenants = Array.from({ length: 7 }, () => randomUUID());
          const held = new Map<string, number>();
          for (const arrival of arrivals) {
            const tenant = tenants[arrival] ?? A;
            const before = held.get(tenant) ?? 0;
            const free = slotCount - (await slots.held('pod-a'));
            const { outcome } = await slots.reserve(call(tenant), { fair: true });
            expect(outcome).toBe(free === 0 ? 'PodsFull' : before < 4 * free ? 'Reserved' : 'FairShare');
            if (outcome === 'Reserved') held.set(tenant, before + 1);
          }
          // What one tenant's storm can do at most, from wherever the others stand.
          const storming = tenants[0] ?? A;
          const free = slotCount - (await slots.held('pod-a'));
          await outcomes(storming, slotCount);
          if (free > 0 && (held.get(storming) ?? 0) + free > 4) {
            expect((await slots.reserve(call(B), { fair: true })).outcome).toBe('Reserved');
          }
        },
      ),
      { numRuns: 15 },
    );
  }, 120_000);
});

describe('a slot', () => {
  test('is the same one when it is asked for again, and free once it is released', async () => {
    await announce('pod-a', 1);
    const first = call(A);
    expect((await slots.reserve(first)).outcome).toBe('Reserved');
    expect((await slots.reserve(first)).outcome).toBe('Reserved');
    expect((await slots.reserve(call(B))).outcome).toBe('PodsFull');
    await slots.release('pod-a', first);
    expect((await slots.reserve(call(B))).outcome).toBe('Reserved');
  });

  test('goes to the emptiest pod, in proportion to its size', async () => {
    await announce('pod-a', 10);
    await announce('pod-b', 30);
    await outcomes(A, 20);
    expect([await slots.held('pod-a'), await slots.held('pod-b')]).toEqual([5, 15]);
  });

  test('is not given on a pod that began to drain since the pods were looked at', async () => {
    await announce('pod-a', 10);
    await slots.reserve(call(A));
    await announce('pod-a', 10, 0, 'Draining');
    expect((await slots.reserve(call(A))).outcome).toBe('PodsFull');
  });

  test('is not given on a pod that was named as the one to leave', async () => {
    await announce('pod-a', 10);
    expect((await slots.reserve(call(A), { except: 'pod-a' })).outcome).toBe('PodsFull');
  });

  test('expires by the time of Redis, whatever the clocks of pods say', async () => {
    await announce('pod-a', 1);
    await slots.reserve(call(A));
    await clock.advance(3_600_000);
    expect((await slots.reserve(call(B))).outcome).toBe('PodsFull');
    const [member = ''] = await redis.zrange(podKeys.slots(RUNTIME, 'pod-a'), '0', '-1');
    const passedMs = (await redisSeconds()) * 1_000 - 1;
    await redis.zadd(podKeys.slots(RUNTIME, 'pod-a'), passedMs, member);
    expect(await slots.held('pod-a')).toBe(0);
    expect((await slots.reserve(call(B))).outcome).toBe('Reserved');
  });
});

describe('after Redis has lost the heartbeats', () => {
  beforeEach(() => {
    const self = { pod: 'pod-a', announce: () => announce('pod-a', 5) };
    slots = new PodSlots({ redis, clock, runtime: RUNTIME, self });
  });

  test('calls of one instant have slots on the pod that asks, which saw itself a moment before', async () => {
    await announce('pod-a', 5);
    await slots.reserve(call(A));
    await flushAll(redis);
    expect(await outcomes(A, 3, false)).toEqual(['Reserved', 'Reserved', 'Reserved']);
  });

  test('a call has a slot on the pod that asks, though another was heard of before it', async () => {
    await announce('pod-b', 0);
    expect((await slots.reserve(call(A))).pod?.pod).toBe('pod-a');
  });

  test('the pod that asks after itself is there, and another is not', async () => {
    expect((await slots.pod('pod-a'))?.slots).toBe(5);
    expect(await slots.pod('pod-b')).toBeUndefined();
  });
});

test('a pod is there while its heartbeat is fresh by the time of Redis', async () => {
  await announce('pod-a', 1);
  await announce('pod-b', 1, HEARTBEAT_STALE_MS + 1_000);
  expect((await slots.pod('pod-a'))?.slots).toBe(1);
  expect(await slots.pod('pod-b')).toBeUndefined();
  expect((await slots.servingPods()).map(({ pod }) => pod)).toEqual(['pod-a']);
});

describe('what needs all pods', () => {
  const able = { capabilities: ['Another', 'WarmTransfer'] };

  test('is done where each of them says that it can', async () => {
    await announce('a', 3, 0, 'Serving', able);
    await announce('b', 3, 0, 'Draining', able);
    expect(await slots.allCan('WarmTransfer')).toBe(true);
  });

  test.each<[string, string, number, object, boolean]>([
    ['of an earlier release', 'Serving', 0, {}, false],
    ['of an earlier release that drains', 'Draining', 0, {}, false],
    ['that can something else', 'Serving', 0, { capabilities: ['Another'] }, false],
    ['that was not heard of lately', 'Serving', HEARTBEAT_STALE_MS + 2_000, {}, true],
  ])('beside a pod %s', async (_, state, ageMs, more, expected) => {
    await announce('a', 3, 0, 'Serving', able);
    await announce('b', 3, ageMs, state, more);
    expect(await slots.allCan('WarmTransfer')).toBe(expected);
  });

  test('is not done where a pod is known by its name alone, or none is', async () => {
    expect(await slots.allCan('WarmTransfer')).toBe(false);
    await announce('a', 3, 0, 'Serving', able);
    await redis.zadd(podKeys.runtimePods(RUNTIME), (await redisSeconds()) * 1_000, 'b');
    expect(await slots.allCan('WarmTransfer')).toBe(false);
  });
});
