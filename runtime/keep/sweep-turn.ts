import { z } from 'zod';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { Script } from '#lib/redis/script.ts';

const takeTurn = new Script({
  name: 'take-sweep-turn',
  keys: ['sweep'],
  lua: `
    local left = redis.call('PTTL', sweep)
    if left > ARGV[2] - ARGV[3] then return 0 end
    redis.call('SET', sweep, ARGV[1], 'PX', ARGV[2])
    return 1`,
  reply: z.literal([0, 1]),
});

export interface SweepTurn {
  /** What there is a turn for; see `storeKeys`. */
  readonly key: string;
  readonly pod: string;
  /** After how long the next pod may have its turn. */
  readonly periodMs: number;
  /** How long ago the last one has to have begun; less than the period for one that cannot wait. */
  readonly minAgeMs: number;
}

/** True for one pod of the runtime a period. Throws what Redis throws. */
export async function takeSweepTurn(redis: Redis, turn: SweepTurn): Promise<boolean> {
  const { key, pod, periodMs, minAgeMs } = turn;
  return (await takeTurn.run(redis, { sweep: key }, [pod, periodMs, minAgeMs])) === 1;
}

/** Lets another pod have the turn at once. Throws what Redis throws. */
export async function giveBackSweepTurn(redis: Redis, key: string): Promise<void> {
  await redis.del(key);
}
