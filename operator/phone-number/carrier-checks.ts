import type { Clock } from '#lib/clock/clock.ts';
import type { CarrierState } from './carrier-state.ts';

/** How often a number with which all is well is looked up at the carrier. */
export const CARRIER_CHECK_MS = 600_000;

interface Held {
  readonly fingerprint: string;
  readonly untilMs: number;
  readonly state: CarrierState;
}

/**
 * Remembers what the carrier said of each number and for how long that is good, so that a reconcile
 * for another reason (our own status write is one) asks nothing. One entry a PhoneNumber.
 */
export class CarrierChecks {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #checked = new Map<string, { readonly fingerprint: string; readonly atMs: number }>();
  readonly #held = new Map<string, Held>();

  constructor(clock: Clock, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * How long the last comparison is still good for, 0 when one is due. `fingerprint` is what it
   * depends on. A number that its status calls settled is trusted after a restart and compared at a
   * random time within the period, so that not all are looked up at once.
   */
  dueInMs(key: string, fingerprint: string, isSettled: boolean): number {
    if (!isSettled) return 0;
    const nowMs = this.#clock.monotonic();
    const last = this.#checked.get(key);
    if (last === undefined) {
      const atMs = nowMs - this.#random() * CARRIER_CHECK_MS;
      this.#checked.set(key, { fingerprint, atMs });
      return atMs + CARRIER_CHECK_MS - nowMs;
    }
    if (last.fingerprint !== fingerprint) return 0;
    return Math.max(0, last.atMs + CARRIER_CHECK_MS - nowMs);
  }

  /** Whether all was well when this was compared last, or an earlier operator's status says so. */
  wasDone(key: string, fingerprint: string): boolean {
    return this.#checked.get(key)?.fingerprint === fingerprint;
  }

  done(key: string, fingerprint: string): void {
    this.#checked.set(key, { fingerprint, atMs: this.#clock.monotonic() });
  }

  /** Keeps a state that is not settled until it is time to ask again: it says itself when. */
  hold(key: string, fingerprint: string, state: CarrierState): void {
    const untilMs = this.#clock.monotonic() + state.requeueAfterMs;
    this.#held.set(key, { fingerprint, untilMs, state });
  }

  /** The state that is held, with the time that is left; undefined when the carrier is to be asked. */
  held(key: string, fingerprint: string): CarrierState | undefined {
    const held = this.#held.get(key);
    const leftMs = (held?.untilMs ?? 0) - this.#clock.monotonic();
    if (held === undefined || held.fingerprint !== fingerprint || leftMs <= 0) return undefined;
    return { ...held.state, requeueAfterMs: leftMs };
  }

  forget(key: string): void {
    this.#checked.delete(key);
    this.#held.delete(key);
  }
}
