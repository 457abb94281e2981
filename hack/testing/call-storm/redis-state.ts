import type { Redis } from 'ioredis';
import { monthOf } from '#runtime/call/settlement.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { STORM_TENANTS } from './tenants.ts';

/** A tenant's calls and seconds of this month, by the runtime's counters. */
export interface Counted {
  readonly calls: number;
  readonly callSeconds: number;
}

/** By tenant id; what no counter knows of is 0. */
export async function countedCalls(redis: Redis): Promise<ReadonlyMap<string, Counted>> {
  const counted = new Map<string, Counted>();
  for (const { id } of STORM_TENANTS) {
    const key = storeKeys.counters(id, monthOf(Date.now()));
    const [calls, callSeconds] = await redis.hmget(key, 'calls', 'callSeconds');
    counted.set(id, { calls: Number(calls ?? 0), callSeconds: Number(callSeconds ?? 0) });
  }
  return counted;
}

/** Deadlines, leases and slots that are held, as `<key> <member>`. None once all calls are over. */
export async function heldInRedis(redis: Redis): Promise<string[]> {
  const keys = (await Promise.all(['due:*', 'leases:*', 'slots:*'].map((glob) => redis.keys(glob)))).flat();
  const members = await Promise.all(
    keys.map(async (key) => (await redis.zrange(key, '0', '-1')).map((member) => `${key} ${member}`)),
  );
  return members.flat().toSorted();
}
