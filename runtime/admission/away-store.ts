import type { Shard } from '#crds/projection/shard.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import { type CallRecord, holdsSlot, type StoredCall } from '#runtime/call/call-record.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import { monthOf } from '#runtime/call/settlement.ts';
import {
  CallStore,
  type CallStoreOptions,
  type CommitOptions,
  type CommitResult,
  type LoadedCall,
  type OverdueCall,
} from '#runtime/store/call-store.ts';
import type { AdmissionLimits } from '#runtime/store/commit-script.ts';
import type { RestoreResult } from '#runtime/store/restore-script.ts';
import { type CallRef, storeKeys } from '#runtime/store/store-keys.ts';
import { type AwayCall, adopt, asUnchecked, newAwayCall, take, transitionOf } from './away-call.ts';
import type { MonthUsage } from './month-usage.ts';

/** Calls that began while Redis was away, ended ones included: above it they are not taken. */
const MAX_CALLS = 1_000;

export interface AwayStoreOptions extends CallStoreOptions {
  readonly usage: MonthUsage;
  /** Whether Redis is away, for a key. */
  readonly away: (key: string) => boolean;
  readonly pod: string;
  /** The calls of a tenant whose media this pod holds. */
  readonly liveOf: (tenantID: string) => readonly string[];
  readonly log: Logger;
}

/**
 * The call store that goes on while Redis is away, for calls that begin or are taken up then: it keeps
 * them in this pod, under the same rules, and brings each to Redis as one transition when Redis is
 * back. All other calls are CallStore's, and fail with it.
 */
export class AwayStore extends CallStore {
  readonly #options: AwayStoreOptions;
  readonly #calls = new Map<string, AwayCall>();

  constructor(options: AwayStoreOptions) {
    super(options);
    this.#options = options;
  }

  /** From now on this call is kept here. Throws AwayStoreFull above 1,000. */
  begin({ tenantID, callID }: CallRef): void {
    if (this.#calls.has(callID)) return;
    if (this.#calls.size >= MAX_CALLS) throw new AwayStoreFull();
    this.#calls.set(callID, newAwayCall({ tenantID, callID }));
  }

  /** Whether calls are kept here that could be in Redis. */
  get isAwaited(): boolean {
    return this.#calls.values().some(({ ref }) => !this.#options.away(storeKeys.call(ref)));
  }

  /** The calls that were taken here and need a slot. */
  get open(): readonly CallRef[] {
    return [...this.#calls.values()].flatMap(({ ref, call }) =>
      call && holdsSlot(call.record) && call.record.pod !== undefined ? ref : [],
    );
  }

  override async load(ref: CallRef): Promise<LoadedCall> {
    const away = await this.#settled(ref.callID);
    return away ? { version: away.version, call: away.call } : this.#loadNewest(ref);
  }

  override async commit(options: CommitOptions): Promise<CommitResult> {
    const { transition, eventID, version, limits } = options;
    const { record } = transition.call;
    const away = await this.#settled(record.callID);
    if (!away) {
      const result = await super.commit(options);
      if (result === 'stored' && limits) this.#options.usage.refresh(record.tenantID);
      return result;
    }
    if (away.seen.has(eventID)) return 'duplicate';
    if (away.version !== version) return 'stale';
    const refusal = limits && this.#refusalOf(record, limits);
    if (refusal) return refusal;
    away.seen.add(eventID);
    take(away, transition, this.#options.pod);
    return 'stored';
  }

  /** A call that is kept here is brought to Redis by `bringBack`. */
  override async restore(call: StoredCall, version: number): Promise<RestoreResult> {
    const away = await this.#settled(call.record.callID);
    return away ? 'There' : super.restore(call, version);
  }

  override async keepConversation(
    ref: CallRef,
    generation: number,
    conversation: ConversationState,
  ): Promise<boolean> {
    const away = await this.#settled(ref.callID);
    if (!away) return super.keepConversation(ref, generation, conversation);
    if (away.call?.record.generation !== generation) return false;
    away.call = { ...away.call, conversation };
    return true;
  }

  override async overdue(shard: Shard, runtime: string): Promise<readonly OverdueCall[]> {
    const nowMs = this.#options.clock.now();
    const here = [...this.#calls.values()].flatMap(({ ref, call }) => {
      const dueAtMs = call?.record.deadlineAtMs ?? Number.POSITIVE_INFINITY;
      return shardOf(ref.tenantID) === shard && dueAtMs <= nowMs ? { ...ref, dueAtMs } : [];
    });
    if (this.#calls.size === 0) return super.overdue(shard, runtime);
    // The calls kept here are driven on whether or not Redis can tell of others.
    const others = await super.overdue(shard, runtime).catch((error: unknown) => {
      this.#options.log.debug({ err: error, shard }, 'the deadlines of a shard could not be read');
      return [];
    });
    return [...here, ...others];
  }

  override async dropDue(ref: CallRef, runtime: string): Promise<void> {
    if (!this.#calls.has(ref.callID)) await super.dropDue(ref, runtime);
  }

  /** Brings what is kept here of `shards` to Redis, as far as that is there. True when nothing is left; throws nothing. */
  async bringBack(shards: ReadonlySet<Shard>): Promise<boolean> {
    for (const away of this.#calls.values()) {
      const { ref } = away;
      if (!shards.has(shardOf(ref.tenantID)) || this.#options.away(storeKeys.call(ref))) continue;
      away.moving = this.#bring(away)
        .catch((error: unknown) => {
          this.#options.log.warn({ err: error, callID: ref.callID }, 'a call could not be brought to Redis');
        })
        .finally(() => {
          away.moving = undefined;
        });
      await away.moving;
    }
    return this.#calls.size === 0;
  }

  /** Where Redis has lost what this pod stored of it last, that is brought back before anything is decided on the older. */
  async #loadNewest(ref: CallRef): Promise<LoadedCall> {
    const { recent, clock } = this.#options;
    const loaded = await super.load(ref);
    const known = recent.get(ref.callID, clock.now());
    if (!known || known.version <= loaded.version) return loaded;
    await super.restore(known.call, known.version);
    return super.load(ref);
  }

  async #bring(away: AwayCall): Promise<void> {
    const { ref } = away;
    const { pod, clock, log, recent } = this.#options;
    // What was stored here before Redis went may know more of the call than what reached this pod without it.
    const stored = recent.get(ref.callID, clock.now());
    if (stored) await super.restore(stored.call, stored.version);
    const { version, call: there } = await super.load(ref);
    if (there) adopt(away, there, { pod, nowMs: clock.now() });
    const transition = transitionOf(away, there, clock.now());
    if (!transition) {
      // Another pod has gone on with it; what happened here is in the ledger all the same.
      if (away.ledger.length > 0) await super.appendLedger(ref, away.ledger.map(asUnchecked));
      this.#calls.delete(ref.callID);
      return;
    }
    const result = await super.commit({ eventID: `away/${away.id}`, version, transition });
    if (result !== 'stored' && result !== 'duplicate') return;
    const { conversation, record } = transition.call;
    if (conversation) await super.keepConversation(ref, record.generation, conversation);
    this.#calls.delete(ref.callID);
    log.info({ callID: ref.callID, state: record.state }, 'a call was brought to Redis');
  }

  async #settled(callID: string): Promise<AwayCall | undefined> {
    await this.#calls.get(callID)?.moving;
    return this.#calls.get(callID);
  }

  #treatedOf(tenantID: string): number {
    return [...this.#calls.values()].filter(
      ({ ref, call }) =>
        ref.tenantID === tenantID && call?.record.treatment && call.record.state !== 'settled',
    ).length;
  }

  /**
   * Held against what this pod holds itself and what it last read of the month: other pods' calls are
   * not seen, so with n pods a limit may be passed by what n − 1 of them admit, at most their slots.
   */
  #refusalOf(
    { tenantID, treatment }: CallRecord,
    { concurrentCalls, callsPerMonth, minutesPerMonth }: AdmissionLimits,
  ): CommitResult | undefined {
    const { usage, liveOf, clock } = this.#options;
    const here = this.open.filter((ref) => ref.tenantID === tenantID).map(({ callID }) => callID);
    const live = treatment ? this.#treatedOf(tenantID) : new Set([...here, ...liveOf(tenantID)]).size;
    const month = usage.lastKnown(tenantID, monthOf(clock.now()));
    const since = [...this.#calls.values()].filter(
      ({ ref, counters }) => ref.tenantID === tenantID && counters !== undefined,
    );
    if (concurrentCalls !== undefined && live >= concurrentCalls) return 'ConcurrentCalls';
    if (month === undefined) return undefined;
    if (callsPerMonth !== undefined && month.calls + since.length + live >= callsPerMonth) {
      return 'CallsPerMonth';
    }
    const seconds = since.reduce(
      (sum, { counters }) => sum + (counters?.callSeconds ?? 0),
      month.callSeconds,
    );
    if (minutesPerMonth !== undefined && Math.ceil(seconds / 60) >= minutesPerMonth) return 'MinutesPerMonth';
    return undefined;
  }
}

class AwayStoreFull extends OperatingError {
  constructor() {
    super('away_store_full', 'Redis is away, and this pod keeps as many calls without it as it may', {
      retryable: true,
    });
  }
}
