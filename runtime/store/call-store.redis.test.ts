import { afterAll, beforeAll, expect, test } from 'vitest';
import { shardOf } from '#crds/projection/shard.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { RecentCalls } from '#runtime/keep/recent-calls.ts';
import { LedgerTail } from '#runtime/ledger/ledger-tail.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { admitted, at, run } from '#runtime/testing/call-life.ts';
import { CallStore } from './call-store.ts';
import { storeKeys } from './store-keys.ts';

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

test('a call whose conversation cannot be read goes on without it', async () => {
  const clock = new FakeClock(at(60));
  const tail = new LedgerTail(createRuntimeMetrics(createRegistry('test')));
  const store = new CallStore({ redis, clock, tail, recent: new RecentCalls(), log: silentLogger });
  const { call, transitions } = run(admitted);
  const [transition] = transitions;
  if (!call || !transition) throw new Error('no call');
  await store.commit({ eventID: 'first', version: 0, transition });
  await redis.hset(storeKeys.call(call.record), 'conversation', '{"schemaVersion":1,"nextTurn":-3}');
  expect((await store.load(call.record)).call).toEqual({ record: call.record, conversation: undefined });
  await redis.del(storeKeys.call(call.record));
});

test('the deadline of a call without a record is forgotten, and stays where the record came back meanwhile', async () => {
  const clock = new FakeClock(at(60));
  const tail = new LedgerTail(createRuntimeMetrics(createRegistry('test')));
  const store = new CallStore({ redis, clock, tail, recent: new RecentCalls(), log: silentLogger });
  const { call, transitions } = run(admitted);
  const [transition] = transitions;
  if (!call || !transition) throw new Error('no call');
  const { runtime, tenantID } = call.record;
  const overdue = () => store.overdue(shardOf(tenantID), runtime);
  const commit = (eventID: string) => store.commit({ eventID, version: 0, transition });

  await commit('first');
  await redis.del(storeKeys.call(call.record));
  const [read] = await overdue();
  if (!read) throw new Error('nothing is due');
  await commit('again');
  await store.dropDue(read, runtime);
  expect(await overdue()).toEqual([read]);
  await redis.del(storeKeys.call(call.record));
  await store.dropDue(read, runtime);
  expect(await overdue()).toEqual([]);
});
