import type { Clock } from '#lib/clock/clock.ts';

/** How often a number with which all is well is looked up at the carrier. */
export const CARRIER_CHECK_MS = 600_000;

/**
 * Remembers when each settled number was last compared with the carrier, so that a reconcile for
 * another reason costs no request there. One entry a PhoneNumber.
 */
export class CarrierChecks {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #checked = new Map<string, { readonly fingerprint: string; readonly atMs: number }>();

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

  done(key: string, fingerprint: string): void {
    this.#checked.set(key, { fingerprint, atMs: this.#clock.monotonic() });
  }

  forget(key: string): void {
    this.#checked.delete(key);
  }
}
