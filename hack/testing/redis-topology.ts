import { silentLogger } from '#lib/log/logger.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { mastersOf } from '#lib/redis/servers.ts';
import { startTestRedis, type TestReplica } from './redis.ts';
import { startRedisCluster } from './redis-cluster.ts';
import { startRedisSentinels } from './redis-sentinels.ts';
import type { StartedTopology } from './started-topology.ts';

/** Redis as it is laid out in production, for tests that hold that all of it works on each. */
export interface TestTopology extends StartedTopology {
  readonly redis: Redis;
}

const STARTS = {
  'one server': startAlone,
  Sentinel: startRedisSentinels,
  'a Cluster': startRedisCluster,
} as const;

export type TopologyName = keyof typeof STARTS;

/** For `describe.each`. */
export const TOPOLOGIES = Object.keys(STARTS) as TopologyName[];

/** Starts the servers, takes seconds, and connects to them. */
export async function startTopology(name: TopologyName): Promise<TestTopology> {
  const started = await STARTS[name]();
  const redis = await connectRedis({ url: started.url, name: 'test', log: silentLogger });
  return {
    ...started,
    redis,
    stop: async () => {
      await disconnectRedis(redis);
      await started.stop();
    },
  };
}

/** Forgets everything. */
export async function flushAll(redis: Redis): Promise<void> {
  await Promise.all(mastersOf(redis).map((server) => server.flushall()));
}

/** The names of all keys like a pattern. */
export async function keysLike(redis: Redis, pattern: string): Promise<string[]> {
  return (await Promise.all(mastersOf(redis).map((server) => server.keys(pattern)))).flat();
}

/** One server, in whose place a replica is put as people do it by hand. */
async function startAlone(): Promise<StartedTopology> {
  const server = await startTestRedis();
  let replica: TestReplica | undefined;
  const cutReplicasOff = async () => {
    replica = await server.replicate();
    await replica.cutOff();
  };
  return {
    url: server.url,
    cutReplicasOff,
    async killMasterOf() {
      if (replica === undefined) await cutReplicasOff();
      await replica?.failOver();
    },
    stop: () => server.stop(),
  };
}
