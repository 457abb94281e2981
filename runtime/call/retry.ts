import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';

export interface RetryOptions {
  readonly clock: Clock;
  /** No new try begins after this time. */
  readonly forMs: number;
  /** Told of each failure but the last. */
  readonly onFailure?: (error: unknown) => void;
  /** No try begins once it has aborted. */
  readonly signal?: AbortSignal;
}

/** Repeats `work` until it succeeds; throws its last error once `forMs` have passed, or what ended the wait for a try. */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, forMs, onFailure, signal } = options;
  const startedMs = clock.monotonic();
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted || clock.monotonic() - startedMs >= forMs) throw error;
      onFailure?.(error);
      await clock.sleep(backoffMs(attempt, { initialMs: 100, maxMs: 2_000 }), signal);
    }
  }
}
