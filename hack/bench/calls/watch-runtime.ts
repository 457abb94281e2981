import { systemClock } from '#lib/clock/clock.ts';
import { quantileBetween } from '../histogram.ts';
import type { CallSite } from './call-site.ts';
import { type Pace, watchPace } from './watch-pace.ts';

/** How the runtime fared while somebody watched. */
export interface Watched {
  /** The share of its CPU that it took. */
  readonly cpuShare: number;
  readonly vadP99Ms: number;
  readonly vadP999Ms: number;
  readonly latenessP99Ms: number;
  readonly latenessP999Ms: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayP999Ms: number;
  readonly rssMB: number;
  /** The load's own pace meanwhile. */
  readonly pace: Pace;
}

/** Watches a runtime under load for so long. */
export async function watchRuntime({ runtime, telnyx }: CallSite, forMs: number): Promise<Watched> {
  const before = await runtime.metrics();
  const startMs = systemClock.monotonic();
  const { cpuSeconds } = runtime.usage();
  const pace = await watchPace(telnyx.control, forMs);
  const usage = runtime.usage();
  const tookMs = systemClock.monotonic() - startMs;
  const pages = [before, await runtime.metrics()] as const;
  const ms = (name: string, q: number) => quantileBetween(pages, name, q) * 1_000;
  return {
    cpuShare: ((usage.cpuSeconds - cpuSeconds) * 1_000) / tookMs,
    vadP99Ms: ms('veralux_vad_decision_seconds', 0.99),
    vadP999Ms: ms('veralux_vad_decision_seconds', 0.999),
    latenessP99Ms: ms('veralux_media_frame_lateness_seconds', 0.99),
    latenessP999Ms: ms('veralux_media_frame_lateness_seconds', 0.999),
    loopDelayP99Ms: ms('veralux_event_loop_delay_seconds', 0.99),
    loopDelayP999Ms: ms('veralux_event_loop_delay_seconds', 0.999),
    rssMB: usage.rssMB,
    pace,
  };
}
