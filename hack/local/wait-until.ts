import { systemClock } from '#lib/clock/clock.ts';

const POLL_MS = 40;

/**
 * Asks `check` until it holds; resolves to whether it did within `timeoutMs`.
 * An error of `check` ends the wait.
 */
export async function waitUntil(
  check: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  const deadline = systemClock.monotonic() + timeoutMs;
  for (;;) {
    if (await check()) return true;
    if (systemClock.monotonic() >= deadline) return false;
    await systemClock.sleep(POLL_MS);
  }
}
