import { systemClock } from '#lib/clock/clock.ts';

/** Asks again until the answer is one, at most 45 s: for what real servers do in their own time. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const endsAtMs = systemClock.monotonic() + 45_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (systemClock.monotonic() > endsAtMs) throw new Error('what was waited for did not happen within 45 s');
    await systemClock.sleep(20);
  }
}
