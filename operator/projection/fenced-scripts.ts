import { z } from 'zod';
import { PROJECTED_FIELDS } from '#crds/projection/keys.ts';
import { Script } from '#lib/redis/script.ts';

const { value, term, sequence, removed, removedAt } = PROJECTED_FIELDS;

/** How long a removed key remembers its fence, so that a late write of an older one does not revive it. */
const TOMBSTONE_SECONDS = 3_600;

/** ARGV: term, sequence. Ends the script with `stale` when the key was written under a later fence. */
const refuseOlder = `
  local term, sequence = tonumber(ARGV[1]), tonumber(ARGV[2])
  local known = redis.call('HMGET', key, '${term}', '${sequence}')
  local knownTerm, knownSequence = tonumber(known[1] or -1), tonumber(known[2] or -1)
  if knownTerm > term then return 'stale' end
  if knownTerm == term and knownSequence > sequence then return 'superseded' end
  redis.call('HSET', key, '${term}', ARGV[1], '${sequence}', ARGV[2])`;

/**
 * `stale`: another term, a newer operator. `superseded`: our own term, a later write of ours.
 * `written` and `unchanged`: the key now has the value.
 */
const outcome = z.enum(['stale', 'superseded', 'written', 'unchanged']);

/** ARGV: term, sequence, value as JSON. */
export const putScript = new Script({
  name: 'projection-put',
  keys: ['key'],
  lua: `${refuseOlder}
  redis.call('PERSIST', key)
  redis.call('HDEL', key, '${removed}', '${removedAt}')
  if redis.call('HGET', key, '${value}') == ARGV[3] then return 'unchanged' end
  redis.call('HSET', key, '${value}', ARGV[3])
  return 'written'`,
  reply: outcome,
});

/** ARGV: term, sequence, 1 where the last value is remembered as long as the fence, 0 where nothing of it is left. */
export const removeScript = new Script({
  name: 'projection-remove',
  keys: ['key'],
  lua: `${refuseOlder}
  redis.call('EXPIRE', key, ${TOMBSTONE_SECONDS})
  if ARGV[3] ~= '1' then redis.call('HDEL', key, '${removed}', '${removedAt}') end
  local last = redis.call('HGET', key, '${value}')
  if not last then return 'unchanged' end
  redis.call('HDEL', key, '${value}')
  if ARGV[3] == '1' then
    local time = redis.call('TIME')
    redis.call('HSET', key, '${removed}', last, '${removedAt}', time[1] * 1000 + math.floor(time[2] / 1000))
  end
  return 'written'`,
  reply: outcome,
});

/** The epoch is a string `<term>:<random>`. ARGV: term, epoch. */
export const setEpochScript = new Script({
  name: 'projection-set-epoch',
  keys: ['key'],
  lua: `
  local known = redis.call('GET', key)
  local knownTerm = known and tonumber(string.match(known, '^%d+')) or -1
  if knownTerm > tonumber(ARGV[1]) then return 'stale' end
  redis.call('SET', key, ARGV[2])
  return 'written'`,
  reply: outcome,
});
