import { setTimeout as sleep } from 'node:timers/promises';

/** A wait that did not end in time; the message says what was missing. */
export class WaitError extends Error {}

/**
 * Asks `probe` until it gives something other than undefined, every 200 ms at most until `timeoutMs`.
 * The error names `what` was waited for, and the last reason `probe` threw, if it did.
 */
export async function eventually<T>(
  what: string,
  timeoutMs: number,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs;
  let lastError: unknown;
  while (performance.now() < deadlineMs) {
    try {
      const result = await probe();
      if (result !== undefined) return result;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    await sleep(200);
  }
  const why = lastError instanceof Error ? `: ${lastError.message}` : '';
  throw new WaitError(`waited ${timeoutMs / 1000} s for ${what}, in vain${why}`, { cause: lastError });
}
