import type { Verdict } from '#operator/engine/conditions.ts';

/** How a number stands at the carrier, and when to look again. */
export interface CarrierState {
  readonly purchased: Verdict;
  readonly assigned: Verdict;
  readonly number?: string | undefined;
  readonly providerNumberID?: string | undefined;
  readonly orderID?: string | undefined;
  readonly requeueAfterMs: number;
}
