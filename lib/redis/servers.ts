import { Cluster, Command, type RedisCommander, Redis as Server } from 'ioredis';

/** Commands that name no key: on a Cluster they would go to any one of its servers. */
type CommandOfServer =
  | 'call'
  | 'callBuffer'
  | 'client'
  | 'config'
  | 'dbsize'
  | 'flushall'
  | 'flushdb'
  | 'info'
  | 'keys'
  | 'ping'
  | 'randomkey'
  | 'scan'
  | 'script'
  | 'time'
  | 'wait';

/**
 * A connection to Redis, however it is laid out: the commands that name a key, which mean the same on one
 * server and on a Cluster. A command names keys of one slot only. What is asked of servers goes to each of
 * `mastersOf`.
 */
export type Redis = Omit<RedisCommander, CommandOfServer> & Connection;

/** `ready`, on a Cluster, also while some of its servers are away: see `isAway`. */
type Connection = Pick<Server | Cluster, 'status' | 'quit' | 'disconnect'>;

/** The servers that take writes now: one, or a Cluster's masters as far as they are known. */
export function mastersOf(redis: Redis): readonly Server[] {
  if (redis instanceof Cluster) return redis.nodes('master');
  if (redis instanceof Server) return [redis];
  throw new Error('not a connection of openRedis');
}

/** Throws what Redis throws where not one master answers. */
export async function pingRedis(redis: Redis): Promise<void> {
  try {
    await Promise.any(mastersOf(redis).map((server) => server.ping()));
  } catch (error) {
    throw error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  }
}

/** Which of the servers has this key, by a name that others of its keys have too; undefined: none is known. */
export function serverOf(redis: Redis, key: string): string | undefined {
  if (!(redis instanceof Cluster)) return 'the server';
  return redis.slots[slotOf(key)]?.[0];
}

/** Whether there is no connection now to the server that has this key. */
export function isAway(redis: Redis, key: string): boolean {
  if (!(redis instanceof Cluster)) return redis.status !== 'ready';
  const server = serverOf(redis, key);
  return !redis
    .nodes('master')
    .some(({ status, options }) => status === 'ready' && `${options.host}:${options.port}` === server);
}

/** The keys in groups that one command may name: all together, and on a Cluster those of one slot. */
export function groupsOfOneCommand(redis: Redis, keys: readonly string[]): readonly (readonly string[])[] {
  if (!(redis instanceof Cluster)) return [keys];
  return [...Map.groupBy(keys, slotOf).values()];
}

function slotOf(key: string): number {
  return new Command('exists', [key]).getSlot();
}
