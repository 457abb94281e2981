import { z } from 'zod';
import { Script } from '#lib/redis/script.ts';

/**
 * The scripts behind PodSlots. Every time is Redis' own, so that pods whose clocks differ agree on
 * what has expired and who is there.
 */
export const NOW = `local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

export const RESERVE_REPLY = { reserved: 1, full: 0, keptForOthers: -1, absent: -2 } as const;

/**
 * A tenant may hold on a pod at most this many times the slots that are still free there. So one
 * tenant alone gets at most four fifths, several that storm at once get equal parts, and while any
 * slot is free, a tenant with fewer than four calls there gets it. This is the dynamic threshold of
 * A. Choudhury and E. Hahne (IEEE/ACM Transactions on Networking, 1998) with α = 4.
 */
export const FAIR_SHARE_FACTOR = 4;

/** Takes a slot of `slotCount` for ARGV[1] (`<tenantID>/<callID>`), for ARGV[2] ms; ARGV[3] as below. */
const TAKE = `
    redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
    local member, tenant = ARGV[1], ARGV[3]
    if not redis.call('ZSCORE', slots, member) then
      local used = redis.call('ZCARD', slots)
      local free = slotCount - used
      if free <= 0 then return ${RESERVE_REPLY.full} end
      local share = ${FAIR_SHARE_FACTOR} * free
      if tenant ~= '' and used >= share then
        local held = 0
        for _, other in ipairs(redis.call('ZRANGE', slots, 0, -1)) do
          if string.sub(other, 1, #tenant) == tenant then held = held + 1 end
        end
        if held >= share then return ${RESERVE_REPLY.keptForOthers} end
      end
    end
    redis.call('ZADD', slots, now + ARGV[2], member)
    redis.call('PEXPIRE', slots, 10 * ARGV[2])
    return ${RESERVE_REPLY.reserved}`;

/** Present pods that serve: what `pods` and `pod` say at this moment, not what was read before. */
const SLOTS_OF_SERVING_POD = `
    local at = redis.call('ZSCORE', pods, ARGV[4])
    if not at or tonumber(at) <= now - ARGV[5] then return ${RESERVE_REPLY.absent} end
    local heartbeat = cjson.decode(redis.call('HGET', pod, 'value') or '{}')
    if heartbeat.state ~= 'Serving' then return ${RESERVE_REPLY.full} end
    local slotCount = ARGV[6] == '1' and heartbeat.capacity or heartbeat.slots`;

const reserveReply = z.literal(Object.values(RESERVE_REPLY));

/**
 * Places a call on a pod. ARGV: the call's member, the reservation in ms, the prefix of the tenant's
 * members (empty where it is not held to a fair share), the pod's name, after how many ms its
 * heartbeat is stale, and 1 for a call that a busy pod takes, too. A pod that does not serve is full, and one
 * without a fresh heartbeat `absent`. Replies `reserved` also when the call had the slot already.
 */
export const placeCall = new Script({
  name: 'place-call',
  keys: ['slots', 'pods', 'pod'],
  lua: `
    ${NOW}
    ${SLOTS_OF_SERVING_POD}
    ${TAKE}`,
  reply: reserveReply,
});

/** Takes or renews a slot on a pod of ARGV[4] slots, whatever its state; ARGV[3] is empty. */
export const reserveSlot = new Script({
  name: 'reserve-slot',
  keys: ['slots'],
  lua: `
    ${NOW}
    local slotCount = tonumber(ARGV[4])
    ${TAKE}`,
  reply: reserveReply,
});

/** How many reservations have not expired. */
export const heldSlots = new Script({
  name: 'held-slots',
  keys: ['slots'],
  lua: `
    ${NOW}
    return redis.call('ZCOUNT', slots, now, '+inf')`,
  reply: z.number().int(),
});

/** The names of the pods whose heartbeat is younger than ARGV[1] ms. */
export const livePods = new Script({
  name: 'live-pods',
  keys: ['pods'],
  lua: `
    ${NOW}
    return redis.call('ZRANGEBYSCORE', pods, now - ARGV[1], '+inf')`,
  reply: z.array(z.string()),
});

/** The heartbeat of the pod named ARGV[1], null when it is older than ARGV[2] ms. */
export const presentPod = new Script({
  name: 'present-pod',
  keys: ['pods', 'pod'],
  lua: `
    ${NOW}
    local at = redis.call('ZSCORE', pods, ARGV[1])
    if not at or tonumber(at) <= now - ARGV[2] then return false end
    return redis.call('HGET', pod, 'value')`,
  reply: z.string().nullable(),
});
