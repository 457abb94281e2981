import { systemClock } from '#lib/clock/clock.ts';
import type { CallSite } from '../calls/call-site.ts';
import { type Pace, watchPaceUntil } from '../calls/watch-pace.ts';

/** What LoadWatch of runtime/pod shows of a pod that gives up what makes it quick. */
const STRAINED = 2;
const LOOK_EVERY_MS = 1_000;

/** How busy a pod was, and who called it: what a strained one takes says nothing of others. */
export interface PodLoad {
  /** The share of its CPU that it took. */
  readonly cpuShare: number;
  readonly looks: number;
  /** Looks at which it was strained. */
  readonly strained: number;
  /** Of the carrier's stand-in with its callers. */
  readonly pace: Pace;
}

/** Looks at a pod while `work` is done with it. */
export async function withPodLoad<T>(
  { runtime, telnyx }: CallSite,
  work: Promise<T>,
): Promise<{ readonly result: T; readonly load: PodLoad }> {
  const over = new AbortController();
  const [result, pod, pace] = await Promise.all([
    work.finally(() => over.abort()),
    watch(runtime, over.signal),
    watchPaceUntil(telnyx.control, over.signal),
  ]);
  return { result, load: { ...pod, pace } };
}

async function watch(runtime: CallSite['runtime'], signal: AbortSignal): Promise<Omit<PodLoad, 'pace'>> {
  const startMs = systemClock.monotonic();
  const { cpuSeconds } = runtime.usage();
  let [looks, strained] = [0, 0];
  while (!signal.aborted) {
    looks += 1;
    if ((await runtime.metrics()).sum('veralux_load_level') >= STRAINED) strained += 1;
    await systemClock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
  const tookMs = systemClock.monotonic() - startMs;
  return { cpuShare: ((runtime.usage().cpuSeconds - cpuSeconds) * 1_000) / tookMs, looks, strained };
}
