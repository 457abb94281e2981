import { z } from 'zod';
import { ledgerKeys } from '#crds/projection/keys.ts';
import { ALL_SHARDS, type Shard } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { Script } from '#lib/redis/script.ts';
import { groupsOfOneCommand, type Redis } from '#lib/redis/servers.ts';
import { FIRST_STREAM_ID } from '#lib/redis/stream-id.ts';
import type { StreamEntry } from './stream-entry.ts';

/** Most entries of one shard in one read: 64 shards of 256 bound what a batch holds in memory. */
const ENTRIES_PER_SHARD = 256;
/** How long a read waits for something new. The client's command timeout has to be longer. */
export const READ_BLOCK_MS = 400;
/** Between two looks at a Cluster where there was nothing new: no one command can wait for several slots. */
const LOOK_PERIOD_MS = 100;

/** Which server answers, as far as it tells: INFO may be forbidden. */
const SERVER = `local info = redis.pcall('INFO', 'replication')
    local server = type(info) == 'string' and string.match(info, 'master_replid:(%w+)') or ''`;

/**
 * Says what is committed and drops what came before it. Does nothing and answers 0 when the stream
 * ends before that id, or is another server's than the one it was read from: then Redis has lost
 * entries, and what is in it now was not read.
 */
const publishCommitted = new Script({
  name: 'publish-committed',
  keys: ['stream', 'committed'],
  lua: `
    ${SERVER}
    if server ~= ARGV[2] then return 0 end
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
      const ids = keys.map((key) => positions.get(shardOfStream.get(key) ?? '') ?? FIRST_STREAM_ID);
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

/** A shard's stream as it is. */
export interface StreamState {
  /** Another one means that a replica was promoted or Redis was restarted, and entries may be lost. */
  readonly server: string;
  /** Of the last entry, which trimming always leaves; FIRST_STREAM_ID for an empty stream. */
  readonly lastID: string;
}

const streamState = new Script({
  name: 'stream-state',
  keys: ['stream'],
  lua: `
    ${SERVER}
    local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)
    return { server, last[1] and last[1][1] or '${FIRST_STREAM_ID}' }`,
  reply: z.tuple([z.string(), z.string()]),
});

/** The id of the last entry of a shard's stream, FIRST_STREAM_ID for an empty one. Throws what Redis throws. */
export async function streamEndOf(redis: Redis, shard: Shard): Promise<string> {
  const [, lastID] = await streamState.run(redis, { stream: ledgerKeys.stream(shard) }, []);
  return lastID;
}

/** Shards whose server is away are left out; throws what Redis throws where all are. */
export async function readStates(redis: Redis): Promise<ReadonlyMap<Shard, StreamState>> {
  const { values } = await asFarAsPossible(
    ALL_SHARDS.map(async (shard) => {
      const [server, lastID] = await streamState.run(redis, { stream: ledgerKeys.stream(shard) }, []);
      return [shard, { server, lastID }] as const;
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

/**
 * Tells the pods how far a shard is in Postgres, and trims up to there. False: entries may be lost, or
 * may have come under lower ids than those that were read.
 */
export async function publish(
  redis: Redis,
  shard: Shard,
  committedID: string,
  server: string,
): Promise<boolean> {
  const keys = { stream: ledgerKeys.stream(shard), committed: ledgerKeys.committed(shard) };
  return (await publishCommitted.run(redis, keys, [committedID, server])) === 1;
}

function fieldOf(fields: readonly string[], name: string): string | undefined {
  for (let index = 0; index + 1 < fields.length; index += 2) {
    if (fields[index] === name) return fields[index + 1];
  }
  return undefined;
}
