import { z } from 'zod';
import { Script } from '#lib/redis/script.ts';

/** What is written back of a call; sent as JSON. */
export interface RestoreRequest {
  readonly record: string;
  readonly generation: number;
  /** The version that the record had. */
  readonly version: number;
  readonly conversation: string | undefined;
  readonly ttlMs: number;
  readonly member: string;
  readonly deadlineAtMs: number;
  readonly callID: string;
  /** Absent: it holds none. */
  readonly leaseUntilMs: number | undefined;
  readonly leasesTtlMs: number;
}

/**
 * Writes back a call that Redis has lost, with its deadline and its lease, for the pod that holds its
 * media or stored its state. Changes nothing where the call is there as it was (`There`), was taken on by a later stream
 * (`Newer`) or is over (`Settled`). Safe to repeat.
 *
 * Several pods bring the same call back, each as it stored it last: as long as nothing was decided on what one of
 * them brought, the latest by the version that it had takes its place.
 */
export const restoreScript = new Script({
  name: 'restore',
  keys: ['call', 'due', 'leases'],
  lua: `
    local q = cjson.decode(ARGV[1])
    local version = tonumber(redis.call('HGET', call, 'version') or '0')
    if version > 0 then
      local record = cjson.decode(redis.call('HGET', call, 'record'))
      if record.state == 'settled' then return 'Settled' end
      if record.generation > q.generation then return 'Newer' end
      local restored = redis.call('HGET', call, 'restored') or ''
      local at, had = string.match(restored, '^(%d+) (%d+)$')
      local known = tonumber(at) == version and tonumber(had) or version
      if record.generation == q.generation and known >= q.version then return 'There' end
    end
    local restoredAt = math.max(version, q.version) + 1
    redis.call('HSET', call, 'version', restoredAt, 'restored', string.format('%d %d', restoredAt, q.version),
      'generation', string.format('%d', q.generation), 'record', q.record)
    if q.conversation then redis.call('HSET', call, 'conversation', q.conversation) end
    redis.call('PEXPIRE', call, q.ttlMs)
    redis.call('ZADD', due, q.deadlineAtMs, q.member)
    if q.leaseUntilMs then
      redis.call('ZADD', leases, q.leaseUntilMs, q.callID)
      redis.call('PEXPIRE', leases, q.leasesTtlMs)
    end
    return 'Restored'`,
  reply: z.enum(['Restored', 'There', 'Newer', 'Settled']),
});

export type RestoreResult = 'Restored' | 'There' | 'Newer' | 'Settled';
