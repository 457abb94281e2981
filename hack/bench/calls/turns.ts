/** How quickly a full pod replies and falls silent, at the carrier's end of the socket, with engines that take no time. */
import type { BenchOutcome, BenchRow } from '../bench-outcome.ts';
import { distributionOf } from '../distribution.ts';
import type { BenchContext } from './bench-context.ts';
import type { CallSite } from './call-site.ts';
import { msText, SPARE_SLOTS } from './calls.ts';
import { gather, INTERRUPTS, TAKES_TURNS } from './crowd.ts';
import { heardBy } from './heard.ts';
import { ENDPOINTING_MS } from './tenants.ts';
import { paceText } from './watch-pace.ts';
import { watchRuntime } from './watch-runtime.ts';

const TARGET_MS = 100;
/** The default of spec.assistant.interruptions.minSpeechSeconds, which the tenants here keep. */
const MIN_SPEECH_MS = 300;
/** One in so many callers speaks into the agent's words. */
const INTERRUPTERS = 3;

export async function turnsBench({ config, open, say }: BenchContext): Promise<BenchOutcome> {
  const { CALLS, SECONDS } = config;
  const site = await open({ name: 'turns', slots: CALLS + SPARE_SLOTS, profile: 'fast' });
  const outcome = await measureTurns(site, { calls: CALLS, forMs: (SECONDS * 1_000) / 5, say });
  await site.close();
  return outcome;
}

interface Turns {
  readonly calls: number;
  readonly forMs: number;
  readonly say: (text: string) => void;
}

/** Replies and interruptions of so many callers for so long. */
export async function measureTurns(site: CallSite, { calls, forMs, say }: Turns): Promise<BenchOutcome> {
  const interrupters = Math.floor(calls / INTERRUPTERS);
  say(`${calls} calls, ${interrupters} of which interrupt, for ${forMs / 1_000} s`);
  const crowds = await Promise.all([
    gather(site.load(TAKES_TURNS), calls - interrupters),
    gather(site.load(INTERRUPTS), interrupters),
  ]);
  const watched = await watchRuntime(site, forMs);
  const { repliesMs, clearsMs } = heardBy(site.telnyx.control);
  await Promise.all(crowds.map((crowd) => crowd.leave()));
  return {
    rows: [
      turnRow(
        `last caller sample → first agent audio, less ${ENDPOINTING_MS} ms endpointing`,
        repliesMs,
        ENDPOINTING_MS,
      ),
      turnRow(
        `first caller sample → clear, less the minimum of ${MIN_SPEECH_MS} ms`,
        clearsMs,
        MIN_SPEECH_MS,
      ),
      { what: 'the load itself', measured: paceText(watched.pace) },
    ],
    figures: { replies: distributionOf(repliesMs), clears: distributionOf(clearsMs), ...watched },
  };
}

function turnRow(what: string, timesMs: readonly number[], lessMs: number): BenchRow {
  const { count, p50, p99, max } = distributionOf(timesMs.map((ms) => ms - lessMs));
  return {
    what,
    target: `p99 ≤ ${TARGET_MS} ms`,
    measured: `p50 ${msText(p50)}, p99 ${msText(p99)}, at most ${msText(max)} (${count} turns)`,
    isMet: p99 <= TARGET_MS,
  };
}
