import { z } from 'zod';
import { Script } from '#lib/redis/script.ts';
import { FIRST_STREAM_ID } from '#lib/redis/stream-id.ts';
import { LEFT_OF_DAY, type TransferDay } from './transfer-day.ts';

/** What one commit asks for; sent as JSON, so absent fields are absent in the script too. */
export interface CommitRequest {
  /** Remembered with the call: the same event twice is a duplicate, whoever brings it. */
  readonly eventID: string;
  /** The version that the decision was made on; 0 where there was no record. */
  readonly version: number;
  readonly record: string;
  readonly generation: number;
  readonly ttlMs: number;
  readonly member: string;
  /** Absent: nothing is due any more. */
  readonly deadlineAtMs: number | undefined;
  readonly nowMs: number;
  readonly lease: 'hold' | 'free' | 'keep';
  readonly leaseUntilMs: number;
  readonly callID: string;
  readonly counters: { readonly calls: number; readonly callSeconds: number } | undefined;
  /** Whether what `counters` adds may have been counted before: then the API server is asked for the month. */
  readonly mayBeCounted: boolean;
  readonly counterTtlMs: number;
  /** `<tenantID>/<month>` of the counters. */
  readonly month: string;
  readonly limits: AdmissionLimits | undefined;
  /** What to add to the seconds of a day's transfers. */
  readonly transferSeconds: number | undefined;
  readonly transferTtlMs: number;
  /** Of a call with a transfer that goes on: what it may take of the day. */
  readonly transferHold: { readonly seconds: number; readonly untilMs: number } | undefined;
  /** It goes on no more: what it did not take is given back. */
  readonly isTransferOver: boolean;
  /** For the commit that begins a transfer of a tenant with a limit: it is held against this. */
  readonly transferDay: TransferDay | undefined;
  /** Of a call with a transfer: `<number> <callID>`, known until `untilMs`; without it, known no more. */
  readonly dialling:
    | { readonly members: readonly string[]; readonly untilMs: number | undefined }
    | undefined;
  readonly ledger: readonly LedgerEntry[];
}

/** A ledger event as it is appended: what tells it from others, and itself as JSON. */
export interface LedgerEntry {
  readonly id: string;
  readonly event: string;
}

/** What a new call is held against, in the commit that admits it. An absent limit is unlimited. */
export interface AdmissionLimits {
  readonly concurrentCalls: number | undefined;
  readonly callsPerMonth: number | undefined;
  readonly minutesPerMonth: number | undefined;
}

/**
 * The one script that changes a call. It takes a transition whole or not at all: it refuses a known
 * event (`duplicate`), a decision made on an old version (`stale`), a call above the tenant's
 * limits (`ConcurrentCalls`, `CallsPerMonth`, `MinutesPerMonth`) and a transfer that may take more than is left of the
 * day (`TransferMinutes`). Otherwise it stores the call and its deadline, holds or frees the lease and the day's minutes,
 * keeps which numbers are being dialled, adds to the counters and appends each ledger event that this call has not
 * appended before (`stored`, followed by the stream id of each, empty for one that was there before). Sent again after a
 * lost reply it finds its own event id and changes nothing.
 *
 * Calls in progress count towards the month, so that simultaneous calls cannot pass the limit
 * together. A counter that is not there is unknown, not 0, and refuses nothing: it starts now,
 * marked with `since`, until the API server's figure replaces it under `seeded`.
 */
export const commitScript = new Script({
  name: 'commit',
  keys: [
    'call',
    'seen',
    'due',
    'leases',
    'otherLeases',
    'counters',
    'unseeded',
    'dialling',
    'transferSeconds',
    'transferHolds',
    'mark',
    'ledger',
  ],
  lua: `
    ${LEFT_OF_DAY}
    local q = cjson.decode(ARGV[1])
    if redis.call('SISMEMBER', seen, q.eventID) == 1 then return {'duplicate'} end
    local version = tonumber(redis.call('HGET', call, 'version') or '0')
    if version ~= q.version then return {'stale'} end

    if q.limits then
      redis.call('ZREMRANGEBYSCORE', leases, '-inf', q.nowMs)
      local live = redis.call('ZCARD', leases)
      if q.limits.concurrentCalls and live >= q.limits.concurrentCalls then return {'ConcurrentCalls'} end
      local inProgress = live + redis.call('ZCOUNT', otherLeases, q.nowMs, '+inf')
      local month = redis.call('HMGET', counters, 'calls', 'callSeconds')
      if month[1] and q.limits.callsPerMonth
        and tonumber(month[1]) + inProgress >= q.limits.callsPerMonth then
        return {'CallsPerMonth'}
      end
      if month[2] and q.limits.minutesPerMonth
        and math.ceil(tonumber(month[2]) / 60) >= q.limits.minutesPerMonth then
        return {'MinutesPerMonth'}
      end
    end

    if q.transferDay and q.transferHold.seconds > leftOfDay(q.transferDay) then return {'TransferMinutes'} end

    redis.call('HSET', call, 'version', version + 1, 'generation', string.format('%d', q.generation), 'record', q.record)
    redis.call('PEXPIRE', call, q.ttlMs)

    if q.deadlineAtMs then redis.call('ZADD', due, q.deadlineAtMs, q.member)
    else redis.call('ZREM', due, q.member) end

    if q.lease == 'hold' then redis.call('ZADD', leases, q.leaseUntilMs, q.callID) end
    if q.lease == 'free' then redis.call('ZREM', leases, q.callID) end
    if redis.call('EXISTS', leases) == 1 then redis.call('PEXPIRE', leases, q.counterTtlMs) end

    if q.dialling then
      redis.call('ZREMRANGEBYSCORE', dialling, '-inf', q.nowMs)
      for _, member in ipairs(q.dialling.members) do
        if q.dialling.untilMs then redis.call('ZADD', dialling, q.dialling.untilMs, member)
        else redis.call('ZREM', dialling, member) end
      end
      redis.call('PEXPIRE', dialling, q.ttlMs)
    end

    if q.transferHold then
      redis.call('HSET', transferHolds, q.callID, string.format('%d/%d', q.transferHold.seconds, q.transferHold.untilMs))
      redis.call('PEXPIRE', transferHolds, q.transferTtlMs)
    elseif q.isTransferOver then
      redis.call('HDEL', transferHolds, q.callID)
    end
    if q.transferSeconds then
      redis.call('INCRBY', transferSeconds, q.transferSeconds)
      redis.call('PEXPIRE', transferSeconds, q.transferTtlMs)
    end

    if q.limits or q.counters then
      local isNew = redis.call('HSETNX', counters, 'since', q.nowMs) == 1
      if isNew or (q.counters and q.mayBeCounted) then
        redis.call('SADD', unseeded, q.month)
        redis.call('PEXPIRE', unseeded, q.counterTtlMs)
      end
      redis.call('HINCRBY', counters, 'calls', q.counters and q.counters.calls or 0)
      redis.call('HINCRBY', counters, 'callSeconds', q.counters and q.counters.callSeconds or 0)
      redis.call('PEXPIRE', counters, q.counterTtlMs)
    end

    redis.call('SADD', seen, q.eventID)
    local reply = {'stored'}
    for _, entry in ipairs(q.ledger) do
      local id = ''
      if redis.call('SADD', seen, 'ledger/' .. entry.id) == 1 then
        id = redis.call('XADD', ledger, '*', 'event', entry.event)
      end
      table.insert(reply, id)
    end
    redis.call('PEXPIRE', seen, q.ttlMs)
    return reply`,
  reply: z.tuple(
    [
      z.enum([
        'stored',
        'duplicate',
        'stale',
        'ConcurrentCalls',
        'CallsPerMonth',
        'MinutesPerMonth',
        'TransferMinutes',
      ]),
    ],
    z.string(),
  ),
});

export type LimitRefusal = 'ConcurrentCalls' | 'CallsPerMonth' | 'MinutesPerMonth';

/**
 * Keeps a conversation without a transition, for the owner of the stream alone: refused (0) when
 * the call has another generation by now, or no record. Safe to repeat.
 */
export const keepConversationScript = new Script({
  name: 'keep-conversation',
  keys: ['call'],
  lua: `
    if redis.call('HGET', call, 'generation') ~= ARGV[1] then return 0 end
    redis.call('HSET', call, 'conversation', ARGV[2])
    return 1`,
  reply: z.literal([0, 1]),
});

/**
 * Appends ledger events of one call outside of a transition (turns, leads), each id once:
 * ARGV[1] the time to live in ms, then pairs of id and event. Replies a stream id for each, by which
 * it is in the stream: its own, or for one that was there before the stream's last.
 */
export const appendLedgerScript = new Script({
  name: 'append-ledger',
  keys: ['seen', 'ledger'],
  lua: `
    local ids = {}
    for i = 2, #ARGV, 2 do
      if redis.call('SADD', seen, 'ledger/' .. ARGV[i]) == 1 then
        table.insert(ids, redis.call('XADD', ledger, '*', 'event', ARGV[i + 1]))
      else
        local last = redis.call('XREVRANGE', ledger, '+', '-', 'COUNT', 1)
        table.insert(ids, last[1] and last[1][1] or '${FIRST_STREAM_ID}')
      end
    end
    if redis.call('PTTL', seen) == -1 then redis.call('PEXPIRE', seen, ARGV[1]) end
    return ids`,
  reply: z.array(z.string()),
});

/** Forgets the deadline of the call ARGV[1] unless there is a record of it: it may have been written back just now. */
export const dropDueScript = new Script({
  name: 'drop-due',
  keys: ['call', 'due'],
  lua: `
    if redis.call('EXISTS', call) == 1 then return 0 end
    return redis.call('ZREM', due, ARGV[1])`,
  reply: z.literal([0, 1]),
});
