import { z } from 'zod';
import { Script } from '#lib/redis/script.ts';
import { NOW } from '#runtime/admission/slot-scripts.ts';

/** The scripts behind PodRegistry. Every time is Redis' own, so that pods whose clocks differ agree on who is there. */

/** The pod named ARGV[1] is there and says ARGV[2]; what it says is kept for ARGV[3] ms. */
export const beatScript = new Script({
  name: 'beat',
  keys: ['pods', 'pod'],
  lua: `
    ${NOW}
    redis.call('ZADD', pods, now, ARGV[1])
    redis.call('HSET', pod, 'value', ARGV[2])
    redis.call('PEXPIRE', pod, ARGV[3])
    redis.call('PEXPIRE', pods, ARGV[3])
    return 1`,
  reply: z.literal(1),
});

/** At most ARGV[2] names of pods whose heartbeat is older than ARGV[1] ms, the oldest first. */
export const stalePodsScript = new Script({
  name: 'stale-pods',
  keys: ['pods'],
  lua: `
    ${NOW}
    return redis.call('ZRANGEBYSCORE', pods, '-inf', now - ARGV[1], 'LIMIT', 0, ARGV[2])`,
  reply: z.array(z.string()),
});

/** Forgets the pod named ARGV[1] unless its heartbeat is younger than ARGV[2] ms. */
export const forgetPodScript = new Script({
  name: 'forget-pod',
  keys: ['pods', 'pod'],
  lua: `
    ${NOW}
    local at = redis.call('ZSCORE', pods, ARGV[1])
    if at and tonumber(at) > now - ARGV[2] then return 0 end
    redis.call('ZREM', pods, ARGV[1])
    redis.call('DEL', pod)
    return 1`,
  reply: z.literal([0, 1]),
});
