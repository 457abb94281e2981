import type { Clock } from '#lib/clock/clock.ts';

/** Counts move with every call: they are shown at most this often. Conditions are shown at once. */
const COUNTS_MS = 10_000;

/** Says when a runtime's counts may be written again. One entry a VoiceRuntime. */
export class StatusPace {
  readonly #clock: Clock;
  readonly #shownAtMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** True at most every ten seconds for a key. */
  mayShowCounts(key: string): boolean {
    const nowMs = this.#clock.monotonic();
    if (nowMs - (this.#shownAtMs.get(key) ?? Number.NEGATIVE_INFINITY) < COUNTS_MS) return false;
    this.#shownAtMs.set(key, nowMs);
    return true;
  }

  forget(key: string): void {
    this.#shownAtMs.delete(key);
  }
}
