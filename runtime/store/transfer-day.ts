import { z } from 'zod';
import { Script } from '#lib/redis/script.ts';

/** The UTC day that a transfer begins on, as the scripts need it. */
export interface TransferDay {
  readonly callID: string;
  readonly limitSeconds: number;
  readonly nowMs: number;
  readonly startMs: number;
  readonly ttlMs: number;
}

/**
 * A function for scripts with the keys `transferSeconds`, `transferHolds` and `mark`: what is left of a tenant's day for
 * the transfer of one call, which is what was not talked yet and what no other call may still take.
 *
 * A count that is not there is 0 only where it would be there if there had been any: where the shard was emptied on this
 * day (its mark is of today, or gone), it is unknown. Half of the limit is taken to be used then, so that neither a
 * tenant is left without transfers nor a stolen line gets all of the day once more.
 */
export const LEFT_OF_DAY = `
    local function leftOfDay(day)
      local used = redis.call('GET', transferSeconds)
      if not used then
        local left = redis.call('GET', mark)
        local markedMs = left and string.match(left, '^(%d+)/')
        local isUnknown = not left or (markedMs and tonumber(markedMs) >= day.startMs)
        used = isUnknown and math.ceil(day.limitSeconds / 2) or 0
        if isUnknown then redis.call('SET', transferSeconds, string.format('%d', used), 'PX', day.ttlMs) end
      end
      local seconds = day.limitSeconds - tonumber(used)
      local holds = redis.call('HGETALL', transferHolds)
      for i = 1, #holds, 2 do
        local held, untilMs = string.match(holds[i + 1], '^(%d+)/(%d+)$')
        if tonumber(untilMs) < day.nowMs then redis.call('HDEL', transferHolds, holds[i])
        elseif holds[i] ~= day.callID then seconds = seconds - tonumber(held) end
      end
      return seconds
    end`;

/** How many seconds of the day a transfer may take; not more than 0 where there are none. */
export const transferRoomScript = new Script({
  name: 'transfer-room',
  keys: ['transferSeconds', 'transferHolds', 'mark'],
  lua: `
    ${LEFT_OF_DAY}
    return leftOfDay(cjson.decode(ARGV[1]))`,
  reply: z.number(),
});
