import type { Clock } from '#lib/clock/clock.ts';

const LEAST_MS = 15_000;
const MOST_MS = 900_000;

interface Waiting {
  /** What is waited for; another matter begins anew. */
  readonly what: string;
  readonly sinceMs: number;
  readonly dueMs: number;
}

/**
 * When to ask again for what was refused and nobody tells when it would be taken: after up to half of the
 * time that it has been so already, at least 15 to 30 s, at most 15 min. What somebody mends soon is done
 * soon, and ten thousand that are refused for days cost next to nothing.
 */
export class RetryPace {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #random: () => number;
  /** By key; as many as are refused. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(clock: Pick<Clock, 'monotonic'>, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** In how many milliseconds; looks for another reason in between change nothing. */
  nextMs(key: string, what: string): number {
    const nowMs = this.#clock.monotonic();
    const known = this.#waiting.get(key);
    const same = known?.what === what ? known : undefined;
    if (same !== undefined && same.dueMs > nowMs) return same.dueMs - nowMs;
    const sinceMs = same?.sinceMs ?? nowMs;
    const wholeMs = Math.min(MOST_MS, Math.max(2 * LEAST_MS, (nowMs - sinceMs) / 2));
    const delayMs = wholeMs * (0.5 + 0.5 * this.#random());
    this.#waiting.set(key, { what, sinceMs, dueMs: nowMs + delayMs });
    return delayMs;
  }

  forget(key: string): void {
    this.#waiting.delete(key);
  }
}
