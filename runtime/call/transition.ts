import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import type { StoredCall } from './call-record.ts';

/** What one event makes of a call: stored whole, or not at all. */
export interface Transition {
  readonly call: StoredCall;
  readonly ledger: readonly LedgerEvent[];
  /** What becomes of the tenant's lease on one of its concurrent calls. */
  readonly lease: 'hold' | 'free' | 'keep';
  /** What to add to the tenant's counters of a month. */
  readonly counters?: { month: string; calls: number; callSeconds: number } | undefined;
  /** What to add to the tenant's count of a UTC day of seconds that people had its calls. */
  readonly transferred?: { day: string; seconds: number } | undefined;
}

/** No transition: the event says nothing new in this state. */
export type Outcome = Transition | undefined;
