import { OperatingError } from '#lib/errors/operating-error.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { CallStore, CommitResult } from '#runtime/store/call-store.ts';
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
}

export interface Advanced {
  /** `Ignored`: known already, or it says nothing new in the call's state. */
  readonly outcome: 'Stored' | 'Duplicate' | 'Ignored' | LimitRefusal;
  /** The call as it is now; undefined where there is none. */
  readonly call: StoredCall | undefined;
}

/** Takes one event to one call: load, decide, store, and again where another pod was faster. */
export class CallAdvancer {
  readonly #store: CallStore;
  readonly #metrics: RuntimeMetrics;

  constructor(store: CallStore, metrics: RuntimeMetrics) {
    this.#store = store;
    this.#metrics = metrics;
  }

  /** Throws what Redis throws, and CallContended where twelve rounds were not enough. */
  async advance(request: AdvanceRequest): Promise<Advanced> {
    const { ref, event, eventID, limits } = request;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const { version, call } = await this.#store.load(ref);
      const transition = decide(call, event);
      if (!transition) return { outcome: 'Ignored', call };
      const result = await this.#store.commit({
        eventID,
        version,
        transition,
        ...(limits ? { limits } : {}),
      });
      if (result === 'stale') continue;
      if (result === 'stored') this.#count(event, call, transition.call);
      return advancedBy(result, call, transition.call);
    }
    throw new CallContended();
  }

  #count(event: CallEvent, before: StoredCall | undefined, after: StoredCall): void {
    const to = after.record.state;
    this.#metrics.transitions.inc({ event: event.kind, to });
    if (to === 'settled' && before?.record.state !== 'settled') {
      this.#metrics.settled.inc({ reason: after.record.reason ?? 'CarrierEnded' });
    }
  }
}

function advancedBy(
  result: Exclude<CommitResult, 'stale'>,
  before: StoredCall | undefined,
  after: StoredCall,
): Advanced {
  if (result === 'stored') return { outcome: 'Stored', call: after };
  if (result === 'duplicate') return { outcome: 'Duplicate', call: before };
  return { outcome: result, call: before };
}

class CallContended extends OperatingError {
  constructor() {
    super('call_contended', 'too many pods changed one call at once', { retryable: true });
  }
}
