import type { Clock } from '#lib/clock/clock.ts';
import { unlessAborted } from './unless-aborted.ts';

/** Whether `promise` resolves within `ms`; rejects as it does, or with the signal's reason. Leaves no timer. */
export async function isInTime(
  promise: Promise<unknown>,
  ms: number,
  { clock, signal }: { readonly clock: Pick<Clock, 'after'>; readonly signal: AbortSignal },
): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const cancel = clock.after(ms, () => resolve(false));
  try {
    return await unlessAborted(Promise.race([promise.then(() => true), late]), signal);
  } finally {
    cancel();
  }
}
