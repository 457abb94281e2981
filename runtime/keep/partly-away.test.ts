import { Cluster } from 'ioredis';
import { beforeEach, expect, test } from 'vitest';
import { ALL_SHARDS } from '#crds/projection/shard.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { isAway, type Redis } from '#lib/redis/servers.ts';
import { RedisWatch } from '#runtime/admission/redis-watch.ts';
import { LedgerTail } from '#runtime/ledger/ledger-tail.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { ShardWatch } from './shard-watch.ts';

const SLOTS = 16_384;
const SERVERS = ['first', 'second'] as const;

let clock: FakeClock;
/** The servers that are there. */
let there: Set<string>;
let redis: Redis;

beforeEach(() => {
  clock = new FakeClock();
  there = new Set(SERVERS);
  const nodes = () =>
    SERVERS.map((host) => ({ status: there.has(host) ? 'ready' : 'end', options: { host, port: 1 } }));
  const cluster: unknown = Object.create(Cluster.prototype, {
    slots: {
      value: Array.from({ length: SLOTS }, (_, slot) => [`${slot < SLOTS / 2 ? 'first' : 'second'}:1`]),
    },
    nodes: { value: nodes },
    exists: { value: async () => 0 },
    evalsha: {
      value: async (_sha: string, _count: number, key: string) => {
        if (isAway(redis, key)) throw new Error('away');
        return key.startsWith('mark:') ? ['the same', '0-0', '0-0'] : ['1', '0'];
      },
    },
  });
  redis = cluster as Redis;
});

test('shards of a server that is there are looked at, though another is away', async () => {
  const metrics = createRuntimeMetrics(createRegistry('test'));
  const shards = new ShardWatch({
    redis,
    tail: new LedgerTail(metrics),
    shardsOfCalls: () => [],
    restore: async () => undefined,
    log: silentLogger,
    clock,
    metrics,
  });
  there.delete('second');
  const healthy = ALL_SHARDS.filter((shard) => !isAway(redis, storeKeys.mark(shard)));
  expect(healthy.length).toBeGreaterThan(0);
  expect(healthy.length).toBeLessThan(ALL_SHARDS.length);
  expect(await shards.look(ALL_SHARDS)).toEqual(new Set(healthy));
});

test('what waits for a server that is there again is brought to it, though another is away', async () => {
  let brought = 0;
  let isAwaited = false;
  const watch = new RedisWatch({
    redis,
    runtime: 'x/y',
    onBack: async () => {
      brought += 1;
      isAwaited = false;
      return true;
    },
    isAwaited: () => isAwaited,
    redisClock: { heard: () => undefined },
    log: silentLogger,
    clock,
  });
  there.delete('second');
  await watch.start(() => undefined);
  await clock.advance(2_000);
  expect(brought).toBe(0);
  // Kept during an absence of the first server that was shorter than a look takes.
  isAwaited = true;
  await clock.advance(2_000);
  expect(brought).toBe(1);
  await watch.stop();
});
