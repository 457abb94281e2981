import { z } from 'zod';
import { counterKeys, ledgerKeys } from '#crds/projection/keys.ts';
import { ALL_SHARDS, type Shard } from '#crds/projection/shard.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { Script } from '#lib/redis/script.ts';
import type { Database } from '../database/database.ts';

/** How many months of a shard are put right at a time; the rest at the next look. */
const MONTHS_PER_SHARD = 256;

/**
 * Puts a month's counters right, and only while all of the shard's ledger is in Postgres: whatever the
 * runtime counted since is then among the figures. ARGV: the cursor, the member, calls, seconds. Replies
 * 0 where the ledger has gone on meanwhile. A month that nobody counts is left alone.
 */
const seedMonth = new Script({
  name: 'seed-month',
  keys: ['stream', 'counters', 'unseeded'],
  lua: `
    local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)
    if not last[1] or last[1][1] ~= ARGV[1] then return 0 end
    if redis.call('EXISTS', counters) == 1 then
      local time = redis.call('TIME')
      redis.call('HSET', counters, 'calls', ARGV[3], 'callSeconds', ARGV[4],
        'seeded', string.format('%d', time[1] * 1000 + math.floor(time[2] / 1000)))
    end
    redis.call('SREM', unseeded, ARGV[2])
    return 1`,
  reply: z.literal([0, 1]),
});

interface Month {
  readonly shard: Shard;
  readonly member: string;
  readonly tenantID: string;
  readonly month: string;
}

/**
 * Gives the runtime the figures of months whose counters it had to begin anew: at a month's first call,
 * and after Redis lost them. `committed` holds each shard's cursor. Throws what Redis and Postgres throw.
 */
export async function seedCounters(
  redis: Redis,
  database: Database,
  committed: ReadonlyMap<Shard, string>,
): Promise<void> {
  const months = (await Promise.all(ALL_SHARDS.map((shard) => readUnseeded(redis, shard)))).flat();
  if (months.length === 0) return;
  const figures = await readFigures(database, months);
  for (const { shard, member, tenantID, month } of months) {
    const keys = {
      stream: ledgerKeys.stream(shard),
      counters: counterKeys.counters(tenantID, month),
      unseeded: counterKeys.unseeded(shard),
    };
    const figure = (metric: string) => figures.get(`${member}/${metric}`) ?? '0';
    const args = [committed.get(shard) ?? '', member, figure('call_count'), figure('call_seconds')];
    await seedMonth.run(redis, keys, args);
  }
}

async function readUnseeded(redis: Redis, shard: Shard): Promise<readonly Month[]> {
  const members = await redis.srandmember(counterKeys.unseeded(shard), MONTHS_PER_SHARD);
  return members.flatMap((member) => {
    const [tenantID, month] = member.split('/');
    return tenantID && month ? { shard, member, tenantID, month } : [];
  });
}

/** By `<tenantID>/<month>/<metric>`. */
async function readFigures(
  database: Database,
  months: readonly Month[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await database.query<{ key: string; quantity: string }>(
    `SELECT concat_ws('/', c.tenant_id, c.month, c.metric) AS key, c.quantity
       FROM unnest($1::uuid[], $2::text[]) AS wanted (tenant_id, month)
       JOIN usage_counters c USING (tenant_id, month)
      WHERE c.metric IN ('call_count', 'call_seconds')`,
    [months.map(({ tenantID }) => tenantID), months.map(({ month }) => month)],
  );
  return new Map(rows.map(({ key, quantity }) => [key, quantity]));
}
