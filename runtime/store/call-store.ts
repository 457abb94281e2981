import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { counterKeys } from '#crds/projection/keys.ts';
import { type Shard, shardOf } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { type CallRecord, callRecordSchema, type StoredCall } from '#runtime/call/call-record.ts';
import { diallingUntilMs, ringingUntilMs } from '#runtime/call/consult.ts';
import { type ConversationState, conversationStateSchema } from '#runtime/call/conversation-state.ts';
import { dayOf, monthOf } from '#runtime/call/settlement.ts';
import type { Transition } from '#runtime/call/transition.ts';
import type { RecentCalls } from '#runtime/keep/recent-calls.ts';
import type { LedgerTail } from '#runtime/ledger/ledger-tail.ts';
import {
  type AdmissionLimits,
  appendLedgerScript,
  type CommitRequest,
  commitScript,
  dropDueScript,
  keepConversationScript,
  type LedgerEntry,
  type LimitRefusal,
} from './commit-script.ts';
import { type RestoreRequest, type RestoreResult, restoreScript } from './restore-script.ts';
import { type CallRef, dueMember, parseDueMember, storeKeys } from './store-keys.ts';
import { type TransferDay, transferRoomScript } from './transfer-day.ts';

const HOUR_MS = 3_600_000;
/** How many of a tenant's ringing transfers are looked through for a loop. */
const DIALLING_LIMIT = 1_000;
/** How long a settled call, or a tombstone, is remembered: the carrier's retries end long before. */
const SETTLED_TTL_MS = HOUR_MS;
/** How long a month's counters are kept: the month and the time in which corrections come. */
const COUNTER_TTL_MS = 75 * 24 * HOUR_MS;
/** How long a day's count of transfers is kept: the day, the longest call that began on it, and some. */
const TRANSFER_TTL_MS = 48 * HOUR_MS;
/** From the end of ringing and the time limit to when the carrier has certainly ended a transfer and told of it. */
const TRANSFER_SLACK_MS = 600_000;
/** How many overdue calls of a shard are taken at a time. */
const DUE_LIMIT = 16;

/** A call whose deadline has passed. */
export interface OverdueCall extends CallRef {
  readonly dueAtMs: number;
}

export interface LoadedCall {
  /** 0 where there is no record. */
  readonly version: number;
  readonly call: StoredCall | undefined;
}

export interface CommitOptions {
  readonly eventID: string;
  readonly version: number;
  readonly transition: Transition;
  /** For the commit that admits a call. */
  readonly limits?: AdmissionLimits;
  /** For the commit that begins a transfer: how many seconds of them the tenant has in a day. */
  readonly transferLimitSeconds?: number;
}

/** `TransferMinutes`: what the transfer may take is more than is left of the day. */
export type CommitResult = 'stored' | 'duplicate' | 'stale' | 'TransferMinutes' | LimitRefusal;

export interface CallStoreOptions {
  readonly redis: Redis;
  readonly clock: Clock;
  /** Is told what was appended to the ledger. */
  readonly tail: LedgerTail;
  /** Is told which calls were stored. */
  readonly recent: RecentCalls;
  readonly log: Logger;
}

/** The live calls in Redis. Throws what Redis throws; every write is safe to repeat. */
export class CallStore {
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #tail: LedgerTail;
  readonly #recent: RecentCalls;
  readonly #log: Logger;

  constructor({ redis, clock, tail, recent, log }: CallStoreOptions) {
    this.#log = log;
    this.#redis = redis;
    this.#clock = clock;
    this.#tail = tail;
    this.#recent = recent;
  }

  async load(ref: CallRef): Promise<LoadedCall> {
    const [version, record, conversation] = await this.#redis.hmget(
      storeKeys.call(ref),
      'version',
      'record',
      'conversation',
    );
    if (!version || !record) return { version: 0, call: undefined };
    return {
      version: Number(version),
      call: {
        record: callRecordSchema.parse(JSON.parse(record)),
        conversation: conversation ? this.#readConversation(ref, conversation) : undefined,
      },
    };
  }

  /** Undefined where it cannot be read: the call goes on without it, which is better than a call that nobody can drive. */
  #readConversation({ callID }: CallRef, text: string): ConversationState | undefined {
    try {
      return conversationStateSchema.parse(JSON.parse(text));
    } catch (error) {
      this.#log.error({ err: error, callID }, 'the conversation of a call cannot be read');
      return undefined;
    }
  }

  async commit(options: CommitOptions): Promise<CommitResult> {
    const { transition, version, eventID, limits, transferLimitSeconds: limitSeconds } = options;
    const { record } = transition.call;
    const nowMs = this.#clock.now();
    const transferHold = holdOf(record);
    const liveTtlMs = lifeOf(record) + HOUR_MS;
    const month = transition.counters?.month ?? monthOf(nowMs);
    const request: CommitRequest = {
      eventID,
      version,
      record: JSON.stringify(record),
      generation: record.generation,
      ttlMs: record.state === 'settled' ? SETTLED_TTL_MS : liveTtlMs,
      member: dueMember(record),
      deadlineAtMs: record.deadlineAtMs,
      nowMs,
      lease: transition.lease,
      leaseUntilMs: nowMs + liveTtlMs,
      callID: record.callID,
      counters: transition.counters,
      mayBeCounted: (record.settlement?.revision ?? 0) < 0,
      counterTtlMs: COUNTER_TTL_MS,
      month: `${record.tenantID}/${month}`,
      limits,
      transferSeconds: transition.transferred?.seconds,
      transferTtlMs: TRANSFER_TTL_MS,
      transferHold,
      isTransferOver: record.transfer !== undefined && transferHold === undefined,
      transferDay: limitSeconds === undefined ? undefined : transferDay(record, limitSeconds, nowMs),
      dialling: diallingOf(record),
      ledger: transition.ledger.map(entryOf),
    };
    const keys = callKeys(record, { month, day: transition.transferred?.day ?? dayOf(nowMs) });
    const [result, ...ids] = await commitScript.run(this.#redis, keys, [JSON.stringify(request)]);
    this.#keep(record, request.ledger, ids);
    if (result === 'stored') this.#recent.note(transition.call, version + 1);
    return result;
  }

  /**
   * Writes back a call with a deadline that Redis has lost; `version` is the one that it had. It may
   * have been settled since, which Redis has lost, too: it says of itself that it was rebuilt.
   */
  restore({ record, conversation }: StoredCall, version: number): Promise<RestoreResult> {
    const nowMs = this.#clock.now();
    const liveTtlMs = lifeOf(record) + HOUR_MS;
    const request: RestoreRequest = {
      record: JSON.stringify({ ...record, rebuilt: true }),
      generation: record.generation,
      version,
      conversation: conversation && JSON.stringify(conversation),
      ttlMs: liveTtlMs,
      member: dueMember(record),
      deadlineAtMs: record.deadlineAtMs ?? nowMs,
      callID: record.callID,
      // A call that was refused never had one.
      leaseUntilMs: record.command?.step === 'reject' ? undefined : nowMs + liveTtlMs,
      leasesTtlMs: COUNTER_TTL_MS,
    };
    const { call, due, leases } = callKeys(record, { month: monthOf(nowMs), day: dayOf(nowMs) });
    return restoreScript.run(this.#redis, { call, due, leases }, [JSON.stringify(request)]);
  }

  /** The calls of a tenant that are being transferred to `number`, or seem to come from it. */
  async diallingTo(tenantID: string, number: string): Promise<readonly CallRef[]> {
    const key = storeKeys.dialling(tenantID);
    const members = await this.#redis.zrangebyscore(
      key,
      this.#clock.now(),
      '+inf',
      'LIMIT',
      0,
      DIALLING_LIMIT,
    );
    return members.flatMap((member) => {
      const [dialled, callID] = member.split(' ');
      return dialled === number && callID ? { tenantID, callID } : [];
    });
  }

  /** How many seconds of today a transfer of this call may take, of those that its tenant has in a day; may be below 0. */
  async transferRoom(ref: CallRef, limitSeconds: number): Promise<number> {
    const nowMs = this.#clock.now();
    const keys = transferKeys(ref.tenantID, dayOf(nowMs));
    const day = transferDay(ref, limitSeconds, nowMs);
    return transferRoomScript.run(this.#redis, keys, [JSON.stringify(day)]);
  }

  /** False when the stream has another owner by now. */
  async keepConversation(
    ref: CallRef,
    generation: number,
    conversation: ConversationState,
  ): Promise<boolean> {
    const kept = await keepConversationScript.run(this.#redis, { call: storeKeys.call(ref) }, [
      generation,
      JSON.stringify(conversation),
    ]);
    return kept === 1;
  }

  /** Appends events of one call, each id once. */
  async appendLedger(ref: CallRef, events: readonly LedgerEvent[]): Promise<void> {
    await this.appendAgain(ref, events.map(entryOf));
  }

  /** The same for events that were appended before, and that Redis may have lost. */
  async appendAgain(ref: CallRef, entries: readonly LedgerEntry[]): Promise<void> {
    const ids = await appendLedgerScript.run(
      this.#redis,
      { seen: storeKeys.seen(ref), ledger: storeKeys.ledger(ref.tenantID) },
      [SETTLED_TTL_MS, ...entries.flatMap(({ id, event }) => [id, event])],
    );
    this.#keep(ref, entries, ids);
  }

  /** Asks the API server for a tenant's month: what is settled there is not all in Redis. */
  async askForCounters(tenantID: string, month: string): Promise<void> {
    await this.#redis.sadd(counterKeys.unseeded(shardOf(tenantID)), `${tenantID}/${month}`);
  }

  /** An empty id: another pod appended it, and keeps it. */
  #keep({ tenantID, callID }: CallRef, entries: readonly LedgerEntry[], ids: readonly string[]): void {
    for (const [index, { id, event }] of entries.entries()) {
      const streamID = ids[index];
      if (streamID)
        this.#tail.keep(shardOf(tenantID), { ref: { tenantID, callID }, id, text: event }, streamID);
    }
  }

  /** The calls of a shard whose deadline has passed, the longest overdue first, at most 16. */
  async overdue(shard: Shard, runtime: string): Promise<readonly OverdueCall[]> {
    const key = storeKeys.due(shard, runtime);
    const untilMs = this.#clock.now();
    const members = await this.#redis.zrangebyscore(
      key,
      '-inf',
      untilMs,
      'WITHSCORES',
      'LIMIT',
      0,
      DUE_LIMIT,
    );
    return members.flatMap((member, index) => {
      const ref = index % 2 === 0 ? parseDueMember(member) : undefined;
      return ref ? { ...ref, dueAtMs: Number(members[index + 1]) } : [];
    });
  }

  /** All calls of a shard that are recorded as live. */
  async recorded(shard: Shard, runtime: string): Promise<readonly CallRef[]> {
    const members = await this.#redis.zrange(storeKeys.due(shard, runtime), '0', '-1');
    return members.flatMap((member) => parseDueMember(member) ?? []);
  }

  /** Forgets the deadline of a call whose record is gone; not of one that has a record again. */
  async dropDue(ref: CallRef, runtime: string): Promise<void> {
    const keys = { call: storeKeys.call(ref), due: storeKeys.due(shardOf(ref.tenantID), runtime) };
    await dropDueScript.run(this.#redis, keys, [dueMember(ref)]);
  }
}

/** An event's revisions are different entries; the event itself keeps one id. */
function entryOf(event: LedgerEvent): LedgerEntry {
  return {
    id: 'revision' in event && event.revision !== undefined ? `${event.id}@${event.revision}` : event.id,
    event: JSON.stringify(event),
  };
}

/** How long a call may last from now on: as we allow it, or as the carrier does once a person has it. */
function lifeOf({ maxDurationMs, transfer }: CallRecord): number {
  return Math.max(maxDurationMs, (transfer?.timeLimitSeconds ?? 0) * 1_000);
}

/** What a transfer that goes on may take of the day: all that the carrier lets it. */
function holdOf({ state, transfer }: CallRecord): CommitRequest['transferHold'] {
  if (!transfer || transfer.failure !== undefined || state === 'settled') return undefined;
  const { timeLimitSeconds: seconds } = transfer;
  return { seconds, untilMs: ringingUntilMs(transfer) + seconds * 1_000 + TRANSFER_SLACK_MS };
}

function transferDay({ callID }: CallRef, limitSeconds: number, nowMs: number): TransferDay {
  const startMs = Date.parse(`${dayOf(nowMs)}T00:00:00Z`);
  return { callID, limitSeconds, nowMs, startMs, ttlMs: TRANSFER_TTL_MS };
}

function transferKeys(tenantID: string, day: string) {
  return {
    transferSeconds: storeKeys.transferSeconds(tenantID, day),
    transferHolds: storeKeys.transferHolds(tenantID),
    mark: storeKeys.mark(shardOf(tenantID)),
  };
}

/** The person sees the dialled number as the caller, so a call that comes back may show either. */
function diallingOf(record: CallRecord): CommitRequest['dialling'] {
  const { transfer, to, callID } = record;
  if (!transfer) return undefined;
  return {
    members: [`${transfer.number} ${callID}`, `${to} ${callID}`],
    untilMs: diallingUntilMs(record),
  };
}

function callKeys(record: CallRecord, { month, day }: { month: string; day: string }) {
  return {
    call: storeKeys.call(record),
    seen: storeKeys.seen(record),
    due: storeKeys.due(shardOf(record.tenantID), record.runtime),
    // A call with a message is held apart, and held against the number of such calls.
    leases: record.treatment ? storeKeys.treated(record.tenantID) : storeKeys.leases(record.tenantID),
    otherLeases: record.treatment ? storeKeys.leases(record.tenantID) : storeKeys.treated(record.tenantID),
    counters: storeKeys.counters(record.tenantID, month),
    unseeded: counterKeys.unseeded(shardOf(record.tenantID)),
    dialling: storeKeys.dialling(record.tenantID),
    ...transferKeys(record.tenantID, day),
    ledger: storeKeys.ledger(record.tenantID),
  };
}
