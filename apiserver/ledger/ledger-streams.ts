import { z } from 'zod';
import { ledgerKeys } from '#crds/projection/keys.ts';
import { ALL_SHARDS, type Shard } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { Script } from '#lib/redis/script.ts';
import { groupsOfOneCommand, type Redis } from '#lib/redis/servers.ts';
import type { StreamEntry } from './stream-entry.ts';

/** Most entries of one shard in one read: 64 shards of 256 bound what a batch holds in memory. */
const ENTRIES_PER_SHARD = 256;
/** How long a read waits for something new. The client's command timeout has to be longer. */
export const READ_BLOCK_MS = 400;
/** Between two looks at a Cluster where there was nothing new: no one command can wait for several slots. */
const LOOK_PERIOD_MS = 100;

/** Before the first entry of any stream. */
export const START = '0-0';

/**
 * Says what is committed and drops what came before it. Does nothing and answers 0 when the stream
 * ends before that id: then Redis has lost entries, and what is in it now was not read.
 */
const publishCommitted = new Script({
  name: 'publish-committed',
  keys: ['stream', 'committed'],
  lua: `
    local function parts(id)
      local ms, seq = string.match(id, '^(%d+)-(%d+)$')
      return tonumber(ms), tonumber(seq)
    end
    local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)
    if #last == 0 then return 0 end
    local lastMs, lastSeq = parts(last[1][1])
    local ms, seq = parts(ARGV[1])
    if lastMs < ms or (lastMs == ms and lastSeq < seq) then return 0 end
    redis.call('SET', committed, ARGV[1])
    redis.call('XTRIM', stream, 'MINID', ARGV[1])
    return 1`,
  reply: z.number(),
});

export interface Reading {
  readonly entries: readonly StreamEntry[];
  /** Whether every stream could be read. */
  readonly isWhole: boolean;
}

/**
 * Reads what follows `positions` in the streams of these shards, and waits a while for something. A shard
 * whose server is away keeps nothing from the others. Throws what Redis throws where none can be read.
 */
export async function readEntries(
  redis: Redis,
  positions: ReadonlyMap<Shard, string>,
  clock: Clock,
): Promise<Reading> {
  const shardOfStream = new Map([...positions.keys()].map((shard) => [ledgerKeys.stream(shard), shard]));
  const groups = groupsOfOneCommand(redis, [...shardOfStream.keys()]);
  const { values, isWhole } = await asFarAsPossible(
    groups.map((keys) => {
      const ids = keys.map((key) => positions.get(shardOfStream.get(key) ?? '') ?? START);
      const streams = ['STREAMS', ...keys, ...ids] as const;
      if (groups.length > 1) return redis.xread('COUNT', ENTRIES_PER_SHARD, ...streams);
      return redis.xread('COUNT', ENTRIES_PER_SHARD, 'BLOCK', READ_BLOCK_MS, ...streams);
    }),
  );
  const entries = values
    .flatMap((reply) => reply ?? [])
    .flatMap(([key, found]) =>
      found.map(([streamID, fields]) => ({
        shard: shardOfStream.get(key) ?? key,
        streamID,
        text: fieldOf(fields, 'event'),
      })),
    );
  if (groups.length > 1 && entries.length === 0) await clock.sleep(LOOK_PERIOD_MS);
  return { entries, isWhole };
}

/**
 * The last id in each shard's stream; START for an empty one. Trimming always leaves the last entry. Shards
 * whose server is away are left out; throws what Redis throws where all are.
 */
export async function lastIDs(redis: Redis): Promise<ReadonlyMap<Shard, string>> {
  const { values } = await asFarAsPossible(
    ALL_SHARDS.map(async (shard) => {
      const [last] = await redis.xrevrange(ledgerKeys.stream(shard), '+', '-', 'COUNT', 1);
      return [shard, last?.[0] ?? START] as const;
    }),
  );
  return new Map(values);
}

async function asFarAsPossible<T>(attempts: readonly Promise<T>[]) {
  const results = await Promise.allSettled(attempts);
  const values = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure && values.length === 0) throw failure.reason;
  return { values, isWhole: failure === undefined };
}

/** Tells the pods how far a shard is in Postgres, and trims up to there. False: Redis has lost entries. */
export async function publish(redis: Redis, shard: Shard, committedID: string): Promise<boolean> {
  const keys = { stream: ledgerKeys.stream(shard), committed: ledgerKeys.committed(shard) };
  return (await publishCommitted.run(redis, keys, [committedID])) === 1;
}

/** Whether stream id `a` comes after `b`. */
export function isAfter(a: string, b: string): boolean {
  const [aMs, aSeq] = a.split('-').map(Number);
  const [bMs, bSeq] = b.split('-').map(Number);
  return aMs === bMs ? (aSeq ?? 0) > (bSeq ?? 0) : (aMs ?? 0) > (bMs ?? 0);
}

function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < fields.length; index += 2) {
    if (fields[index] === name) return fields[index + 1];
  }
  return undefined;
}
