/** How many calls one CPU holds: more and more come, until a caller hears a gap or frames are judged too late. */
import type { BenchOutcome } from '../bench-outcome.ts';
import type { BenchContext } from './bench-context.ts';
import { msText, VAD_TARGET_MS } from './calls.ts';
import { type Crowd, gather, TAKES_TURNS } from './crowd.ts';
import { heardBy } from './heard.ts';
import { type Watched, watchRuntime } from './watch-runtime.ts';

const FIRST = 50;
const STEP = 25;
const MOST = 600;
/** A load that is later than this with its own frames says nothing about the runtime. */
const LOAD_LATE_MS = 100;

interface Step extends Watched {
  readonly calls: number;
  readonly underruns: number;
}

export async function capacityBench({ config, open, say }: BenchContext): Promise<BenchOutcome> {
  const site = await open({ name: 'capacity', slots: MOST, profile: 'fast' });
  const crowds: Crowd[] = [];
  const steps: Step[] = [];
  for (let calls = FIRST, more = calls; calls <= MOST; calls += STEP, more = STEP) {
    crowds.push(await gather(site.load(TAKES_TURNS), more));
    const before = heardBy(site.telnyx.control).underruns;
    const watched = await watchRuntime(site, config.STEP_SECONDS * 1_000);
    const underruns = heardBy(site.telnyx.control).underruns - before;
    const step = { ...watched, calls, underruns };
    say(
      `${calls} calls: ${underruns} underruns, VAD p99.9 ${msText(step.vadP999Ms)}, CPU ${step.cpuShare.toFixed(2)}`,
    );
    steps.push(step);
    if (!holds(step) || step.pace.p50Ms > LOAD_LATE_MS) break;
  }
  await Promise.all(crowds.map((crowd) => crowd.leave()));
  await site.close();
  const held = steps.filter(holds).at(-1);
  const ended = steps.at(-1);
  const limit = ended && holds(ended) ? 'the load kept up no further' : 'the next step did not hold';
  return {
    rows: [
      {
        what: `calls that one CPU holds, in steps of ${STEP} for ${config.STEP_SECONDS} s each`,
        target: `≥ ${config.CALLS}`,
        measured: held
          ? `${held.calls} at ${(held.cpuShare * 100).toFixed(0)} % of the CPU; ${limit}`
          : 'none',
        isMet: held !== undefined && held.calls >= config.CALLS,
      },
    ],
    figures: { steps },
  };
}

function holds({ underruns, vadP999Ms }: Step): boolean {
  return underruns === 0 && vadP999Ms <= VAD_TARGET_MS;
}
