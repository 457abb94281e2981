import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ledgerKeys } from '#crds/projection/keys.ts';
import type { Shard } from '#crds/projection/shard.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { Script } from '#lib/redis/script.ts';
import { FIRST_STREAM_ID } from '#lib/redis/stream-id.ts';
import { storeKeys } from './store-keys.ts';

export interface ShardState {
  /**
   * Another value means that writes to this shard may be lost: a replica was promoted or Redis was
   * restarted (its replication id), or the shard was emptied (a mark that the first to look leaves).
   */
  readonly identity: string;
  /** The last id in the shard's ledger that is in Postgres. */
  readonly committedID: string;
  /** The id of the ledger's last entry, which trimming always leaves. */
  readonly lastID: string;
}

const shardState = new Script({
  name: 'shard-state',
  keys: ['mark', 'committed', 'ledger'],
  lua: `
    local time = redis.call('TIME')
    redis.call('SET', mark, string.format('%s000/%s', time[1], ARGV[1]), 'NX')
    -- A server that forbids INFO tells no replication id; the mark is left.
    local info = redis.pcall('INFO', 'replication')
    local replication = type(info) == 'string' and string.match(info, 'master_replid:(%w+)') or ''
    local last = redis.call('XREVRANGE', ledger, '+', '-', 'COUNT', 1)
    local identity = replication .. '/' .. redis.call('GET', mark)
    return { identity, redis.call('GET', committed) or '${FIRST_STREAM_ID}',
      last[1] and last[1][1] or '${FIRST_STREAM_ID}' }`,
  reply: z.tuple([z.string(), z.string(), z.string()]),
});

/** Throws what Redis throws. */
export async function readShardState(redis: Redis, shard: Shard): Promise<ShardState> {
  const keys = {
    mark: storeKeys.mark(shard),
    committed: ledgerKeys.committed(shard),
    ledger: ledgerKeys.stream(shard),
  };
  const [identity, committedID, lastID] = await shardState.run(redis, keys, [randomUUID()]);
  return { identity, committedID, lastID };
}
