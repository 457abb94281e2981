import { OperatingError } from '#lib/errors/operating-error.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CallStore } from '#runtime/store/call-store.ts';
import type { AdmissionLimits, LimitRefusal } from '#runtime/store/commit-script.ts';
import type { CallRef } from '#runtime/store/store-keys.ts';
import type { CallEvent } from './call-event.ts';
import type { StoredCall } from './call-record.ts';
import { decide } from './machine.ts';

/** How often a decision is made anew because another pod was faster. */
const MAX_ROUNDS = 12;

export interface AdvanceRequest {
  readonly ref: CallRef;
  /** Remembered with the call: the same event is taken once. */
  readonly eventID: string;
  readonly event: CallEvent;
  /** For the event that admits a call. */
  readonly limits?: AdmissionLimits;
  /** For the event that begins a transfer: how many seconds of them the tenant has in a day. */
  readonly transferLimitSeconds?: number;
  /** What is known of the call where Redis has no record of it. */
  readonly rebuild?: CallEvent<'rebuilt'> | undefined;
}

export interface Advanced {
  /** `Ignored`: known already, or it says nothing new in the call's state. */
  readonly outcome: 'Stored' | 'Duplicate' | 'Ignored' | LimitRefusal;
  /** The call as it is now; undefined where there is none. */
  readonly call: StoredCall | undefined;
  /** The version of the call's record; 0 where there is none. */
  readonly version: number;
}

/** Takes one event to one call: load, decide, store, and again where another pod was faster. */
export class CallAdvancer {
  readonly #store: CallStore;
  readonly #metrics: RuntimeMetrics;

  constructor(store: CallStore, metrics: RuntimeMetrics) {
    this.#store = store;
    this.#metrics = metrics;
  }

  /** Throws what Redis throws, TransferMinutesGone, and CallContended where twelve rounds were not enough. */
  async advance(request: AdvanceRequest): Promise<Advanced> {
    const { ref, event, eventID, limits, transferLimitSeconds, rebuild } = request;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const { version, call } = await this.#store.load(ref);
      if (!call && rebuild) {
        await this.#rebuild(rebuild);
        continue;
      }
      const transition = decide(call, event);
      if (!transition) return { outcome: 'Ignored', call, version };
      const result = await this.#store.commit({
        eventID,
        version,
        transition,
        ...(limits ? { limits } : {}),
        ...(transferLimitSeconds === undefined ? {} : { transferLimitSeconds }),
      });
      if (result === 'stale') continue;
      if (result === 'TransferMinutes') throw new TransferMinutesGone();
      if (result === 'stored') this.#count(event, call, transition.call);
      if (result === 'stored') return { outcome: 'Stored', call: transition.call, version: version + 1 };
      return { outcome: result === 'duplicate' ? 'Duplicate' : result, call, version };
    }
    throw new CallContended();
  }

  /** Stale where another pod, or the pod that holds the media, was faster. */
  async #rebuild(event: CallEvent<'rebuilt'>): Promise<void> {
    const transition = decide(undefined, event);
    if (!transition) return;
    const eventID = `rebuilt/${event.atMs}`;
    const result = await this.#store.commit({ eventID, version: 0, transition });
    if (result === 'stored') this.#count(event, undefined, transition.call);
  }

  #count(event: CallEvent, before: StoredCall | undefined, after: StoredCall): void {
    const to = after.record.state;
    this.#metrics.transitions.inc({ event: event.kind, to });
    if (to === 'settled' && before?.record.state !== 'settled') {
      this.#metrics.settled.inc({ reason: after.record.reason ?? 'CarrierEnded' });
    }
  }
}

/** What a transfer may take is more than is left of its tenant's day. */
export class TransferMinutesGone extends OperatingError {
  constructor() {
    super('transfer_minutes_gone', 'another call was given the minutes of the day', { retryable: true });
  }
}

class CallContended extends OperatingError {
  constructor() {
    super('call_contended', 'too many pods changed one call at once', { retryable: true });
  }
}
