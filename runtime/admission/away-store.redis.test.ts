import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type LedgerEvent, ledgerEventSchema, REBUILT_REVISION } from '#crds/ledger/ledger-event.ts';
import { counterKeys, ledgerKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { flushAll } from '#hack/testing/redis-topology.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { CallAdvancer } from '#runtime/call/advance.ts';
import type { CallEvent } from '#runtime/call/call-event.ts';
import { newConversation } from '#runtime/call/conversation-state.ts';
import { RecentCalls } from '#runtime/keep/recent-calls.ts';
import { LedgerTail } from '#runtime/ledger/ledger-tail.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import {
  admitted,
  answered,
  at,
  attached,
  finished,
  generationOf,
  hungUp,
  rebuilt,
  run,
} from '#runtime/testing/call-life.ts';
import { AwayStore } from './away-store.ts';
import { MonthUsage } from './month-usage.ts';

const ref = run(admitted).call?.record ?? { tenantID: '', callID: '' };
const SHARD = shardOf(ref.tenantID);

let server: TestRedis;
let redis: Redis;
let isAway: boolean;
let store: AwayStore;
let advancer: CallAdvancer;

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
  isAway = false;
  ({ store, advancer } = openPod('a'));
});

function openPod(pod: string, nowMs = at(60)) {
  const clock = new FakeClock(nowMs);
  const metrics = createRuntimeMetrics(createRegistry('test'));
  const opened = new AwayStore({
    redis,
    clock,
    tail: new LedgerTail(metrics),
    recent: new RecentCalls(),
    usage: new MonthUsage(redis, clock, silentLogger),
    away: () => isAway,
    pod,
    liveOf: () => [],
    log: silentLogger,
  });
  return { store: opened, advancer: new CallAdvancer(opened, metrics) };
}

const advance = (event: CallEvent, rebuild?: CallEvent<'rebuilt'>) =>
  advancer.advance({ ref, eventID: `${event.kind}/${event.atMs}`, event, rebuild });

/** From the carrier's word that the call was answered to its stream. */
async function talk(): Promise<number> {
  await advance(admitted);
  const { call } = await advance(answered());
  await advance(attached(call));
  return generationOf(call);
}

/** The hang-up comes to a pod that knows the call by its signed state alone. */
async function hangUpAway(generation: number): Promise<void> {
  isAway = true;
  store.begin(ref);
  await advance(hungUp(31), { ...(rebuilt as CallEvent<'rebuilt'>), answeredAtMs: at(1), generation });
  isAway = false;
  expect(await store.bringBack(new Set([SHARD]))).toBe(true);
}

async function usages(): Promise<LedgerEvent[]> {
  const entries = await redis.xrange(ledgerKeys.stream(SHARD), '-', '+');
  const events = entries.map(([, fields]) => ledgerEventSchema.parse(JSON.parse(fields[1] ?? '')));
  return events.filter(({ kind }) => kind === 'usage');
}

test('a call that ends while Redis is away is billed with what its pod had kept of the session', async () => {
  const generation = await talk();
  const conversation = { ...newConversation('lead-capture'), sttMs: 9_000, ttsCharacters: 40 };
  await store.keepConversation(ref, generation, conversation);
  await hangUpAway(generation);
  expect((await usages()).at(-1)).toMatchObject({
    callSeconds: 30,
    sttSeconds: 9,
    ttsCharacters: 40,
    revision: REBUILT_REVISION,
  });
});

test('what this pod stored of a call before Redis went is not lost to what reaches it while Redis is away', async () => {
  ({ store, advancer } = openPod('a', at(2)));
  await advance(admitted);
  const { call } = await advance(answered());
  await flushAll(redis);
  isAway = true;
  store.begin(ref);
  await advancer.advance({ ref, eventID: 'told again', event: admitted });
  isAway = false;
  expect(await store.bringBack(new Set([SHARD]))).toBe(true);
  const { state, answeredAtMs, generation } = (await store.load(ref)).call?.record ?? {};
  expect([state, answeredAtMs, generation]).toEqual(['attaching', at(1), generationOf(call)]);
});

test('the month of a call that may have been counted before is asked for', async () => {
  const month = '2026-05';
  await redis.hset(storeKeys.counters(ref.tenantID, month), {
    since: '1',
    calls: '1',
    callSeconds: '30',
    seeded: '1',
  });
  await hangUpAway(await talk());
  expect(await redis.smembers(counterKeys.unseeded(SHARD))).toEqual([`${ref.tenantID}/${month}`]);
});

test('a call is brought to Redis after each of its absences', async () => {
  isAway = true;
  store.begin(ref);
  const generation = await talk();
  isAway = false;
  expect(await store.bringBack(new Set([SHARD]))).toBe(true);
  await hangUpAway(generation);
  expect((await store.load(ref)).call?.record.state).toBe('settled');
  expect((await usages()).at(-1)).toMatchObject({ callSeconds: 30 });
});

test('a hang-up is held against what this pod stored last, where Redis has lost that', async () => {
  ({ store, advancer } = openPod('a', at(31)));
  await talk();
  const key = storeKeys.call(ref);
  const before = await redis.dumpBuffer(key);
  await advance(finished('WorkflowCompleted', true, 31)((await store.load(ref)).call));
  await redis.restore(key, 0, before ?? Buffer.alloc(0), 'REPLACE');
  await advance(hungUp(31.5, false));
  const { state, reason } = (await store.load(ref)).call?.record ?? {};
  expect([state, reason]).toEqual(['settled', 'WorkflowCompleted']);
});
