import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { flushAll } from '#hack/testing/redis-topology.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import type { StoredCall } from '#runtime/call/call-record.ts';
import { decide } from '#runtime/call/machine.ts';
import { RecentCalls } from '#runtime/keep/recent-calls.ts';
import { LedgerTail } from '#runtime/ledger/ledger-tail.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { admitted, answered, attached, hungUp, result, run, type Step } from '#runtime/testing/call-life.ts';
import { CallStore } from './call-store.ts';

let server: TestRedis;
let redis: Redis;
let store: CallStore;

beforeAll(async () => {
  server = await startTestRedis();
  redis = await connectRedis({ url: server.url, name: 'test', log: silentLogger });
  const tail = new LedgerTail(createRuntimeMetrics(createRegistry('runtime')));
  store = new CallStore({ redis, clock: systemClock, tail, recent: new RecentCalls(), log: silentLogger });
});

afterAll(async () => {
  await disconnectRedis(redis);
  await server.stop();
});

beforeEach(() => flushAll(redis));

/** What a pod remembers that stored the call's last step; with its version. */
function after(...steps: readonly Step[]): readonly [StoredCall, number] {
  const { call, transitions } = run(...steps);
  if (!call) throw new Error('no call');
  return [call, transitions.length];
}

const asked = after(admitted, result, answered());
const awaited = after(admitted, result, answered(), result);
const talked = after(admitted, result, answered(), result, attached);

async function stateNow(): Promise<unknown> {
  return (await store.load(talked[0].record)).call?.record.state;
}

test.each([
  ['the last first', [talked, awaited, asked]],
  ['the last last', [asked, awaited, talked]],
  ['the one before the last first', [awaited, talked, asked]],
])('of what pods bring back of one stream, what was stored last stands: %s', async (_order, remembered) => {
  for (const [call, version] of remembered) await store.restore(call, version);
  expect(await stateNow()).toBe('talking');
});

test('what became of a call that was brought back stands', async () => {
  await store.restore(...awaited);
  const { version, call } = await store.load(awaited[0].record);
  const transition = decide(call, hungUp(31));
  if (!transition) throw new Error('nothing follows from a hang-up');
  await store.commit({ eventID: 'hang-up', version, transition });
  expect(await store.restore(...talked)).toBe('Settled');
});

test('a pod that brings back the same again changes nothing', async () => {
  await store.restore(...talked);
  expect(await store.restore(...talked)).toBe('There');
});
