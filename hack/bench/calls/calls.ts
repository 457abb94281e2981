/** A full pod on one CPU for minutes: whether any caller hears a gap, and whether all frames are judged in time. */
import { type BenchOutcome, percent, seconds, whole } from '../bench-outcome.ts';
import type { BenchContext } from './bench-context.ts';
import { gather, TAKES_TURNS } from './crowd.ts';
import { heardBy } from './heard.ts';
import { paceText } from './watch-pace.ts';
import { watchRuntime } from './watch-runtime.ts';

export const VAD_TARGET_MS = 60;
/** Calls that come while others end need a slot for a moment more. */
export const SPARE_SLOTS = 20;

export async function callsBench({ config, open, say }: BenchContext): Promise<BenchOutcome> {
  const { CALLS, SECONDS } = config;
  const site = await open({ name: 'calls', slots: CALLS + SPARE_SLOTS, profile: 'realistic' });
  say(`${CALLS} calls come in, and go on for ${SECONDS} s`);
  const crowd = await gather(site.load(TAKES_TURNS), CALLS);
  const watched = await watchRuntime(site, SECONDS * 1_000);
  const heard = heardBy(site.telnyx.control);
  await crowd.leave();
  await site.close();
  const { repliesMs: _, clearsMs: __, ...counts } = heard;
  const load = `${percent(heard.callerShare)} caller, ${percent(heard.agentShare)} agent`;
  return {
    rows: [
      {
        what: `underruns inside an utterance: ${CALLS} calls (${load}) on one CPU for ${seconds(SECONDS * 1_000)}`,
        target: '0',
        measured: `${heard.underruns} in ${whole(heard.calls)} calls, of which ${heard.unheard} were not taken`,
        isMet: heard.underruns === 0 && heard.unheard === 0,
      },
      {
        what: 'a frame due → judged whether it is speech',
        target: `p99.9 ≤ ${VAD_TARGET_MS} ms`,
        measured: `p99 ${msText(watched.vadP99Ms)}, p99.9 ${msText(watched.vadP999Ms)}`,
        isMet: watched.vadP999Ms <= VAD_TARGET_MS,
      },
      {
        what: 'of its CPU, and of its event loop',
        measured:
          `${percent(watched.cpuShare)}; delay p99 ${msText(watched.loopDelayP99Ms)}, ` +
          `p99.9 ${msText(watched.loopDelayP999Ms)}; frames taken late p99 ${msText(watched.latenessP99Ms)}`,
      },
      { what: 'the load itself', measured: paceText(watched.pace) },
    ],
    figures: { ...counts, ...watched },
  };
}

export function msText(ms: number): string {
  return `${ms.toFixed(1)} ms`;
}
