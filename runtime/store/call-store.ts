import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { type Shard, shardOf } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { type CallRecord, callRecordSchema, type StoredCall } from '#runtime/call/call-record.ts';
import { type ConversationState, conversationStateSchema } from '#runtime/call/conversation-state.ts';
import { dayOf, monthOf } from '#runtime/call/settlement.ts';
import type { Transition } from '#runtime/call/transition.ts';
import {
  type AdmissionLimits,
  appendLedgerScript,
  type CommitRequest,
  commitScript,
  keepConversationScript,
  type LimitRefusal,
} from './commit-script.ts';
import { type CallRef, dueMember, parseDueMember, storeKeys } from './store-keys.ts';

const HOUR_MS = 3_600_000;
/** How many of a tenant's ringing transfers are looked through for a loop. */
const DIALLING_LIMIT = 1_000;
/** How long a settled call, or a tombstone, is remembered: the carrier's retries end long before. */
const SETTLED_TTL_MS = HOUR_MS;
/** How long a month's counters are kept: the month and the time in which corrections come. */
const COUNTER_TTL_MS = 75 * 24 * HOUR_MS;
/** How long a day's count of transfers is kept: the day, the longest call that began on it, and some. */
const TRANSFER_TTL_MS = 48 * HOUR_MS;
/** How many overdue calls of a shard are taken at a time. */
const DUE_LIMIT = 16;

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
}

export type CommitResult = 'stored' | 'duplicate' | 'stale' | LimitRefusal;

/** The live calls in Redis. Throws what Redis throws; every write is safe to repeat. */
export class CallStore {
  readonly #redis: Redis;
  readonly #clock: Clock;

  constructor(redis: Redis, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
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
        conversation: conversation ? conversationStateSchema.parse(JSON.parse(conversation)) : undefined,
      },
    };
  }

  commit(options: CommitOptions): Promise<CommitResult> {
    const { transition, version, eventID, limits } = options;
    const { record } = transition.call;
    const nowMs = this.#clock.now();
    const liveTtlMs = lifeOf(record) + HOUR_MS;
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
      counterTtlMs: COUNTER_TTL_MS,
      limits,
      transferSeconds: transition.transferred?.seconds,
      transferTtlMs: TRANSFER_TTL_MS,
      dialling: diallingOf(record),
      ledger: transition.ledger.map((event) => ({ id: ledgerID(event), event: JSON.stringify(event) })),
    };
    const month = transition.counters?.month ?? monthOf(nowMs);
    const day = transition.transferred?.day ?? dayOf(nowMs);
    return commitScript.run(this.#redis, callKeys(record, { month, day }), [JSON.stringify(request)]);
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

  /** For how many seconds people had a tenant's calls that were handed to them on this day. */
  async transferSeconds(tenantID: string, day: string): Promise<number> {
    return Number(await this.#redis.get(storeKeys.transferSeconds(tenantID, day)));
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
    await appendLedgerScript.run(
      this.#redis,
      { seen: storeKeys.seen(ref), ledger: storeKeys.ledger(ref.tenantID) },
      [SETTLED_TTL_MS, ...events.flatMap((event) => [ledgerID(event), JSON.stringify(event)])],
    );
  }

  /** The calls of a shard whose deadline has passed, the longest overdue first, at most 16. */
  async overdue(shard: Shard, runtime: string): Promise<readonly CallRef[]> {
    const key = storeKeys.due(shard, runtime);
    const members = await this.#redis.zrangebyscore(key, '-inf', this.#clock.now(), 'LIMIT', 0, DUE_LIMIT);
    return members.flatMap((member) => parseDueMember(member) ?? []);
  }

  /** Forgets the deadline of a call whose record is gone. */
  async dropDue(ref: CallRef, runtime: string): Promise<void> {
    await this.#redis.zrem(storeKeys.due(shardOf(ref.tenantID), runtime), dueMember(ref));
  }
}

/** An event's revisions are different entries; the event itself keeps one id. */
function ledgerID(event: LedgerEvent): string {
  return 'revision' in event ? `${event.id}@${event.revision}` : event.id;
}

/** How long a call may last from now on: as we allow it, or as the carrier does once a person has it. */
function lifeOf({ maxDurationMs, transfer }: CallRecord): number {
  return Math.max(maxDurationMs, (transfer?.timeLimitSeconds ?? 0) * 1_000);
}

/** The person sees the dialled number as the caller, so a call that comes back may show either. */
function diallingOf({ state, transfer, to, callID, deadlineAtMs }: CallRecord): CommitRequest['dialling'] {
  if (!transfer) return undefined;
  return {
    members: [`${transfer.number} ${callID}`, `${to} ${callID}`],
    untilMs: state === 'transferring' ? deadlineAtMs : undefined,
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
    dialling: storeKeys.dialling(record.tenantID),
    transferSeconds: storeKeys.transferSeconds(record.tenantID, day),
    ledger: storeKeys.ledger(record.tenantID),
  };
}
