/** What a call costs in memory, and that nothing of it is kept when it has ended. */
import { LocalError } from '#hack/local/local-error.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { type BenchOutcome, whole } from '../bench-outcome.ts';
import { medianOf } from '../distribution.ts';
import type { BenchContext } from './bench-context.ts';
import type { CallSite } from './call-site.ts';
import { SPARE_SLOTS } from './calls.ts';
import { TAKES_TURNS } from './crowd.ts';

const TARGET_MB = 1;
const STEPS = [50, 100, 150] as const;
const WAVES = 2;
const APART_MS = 200;
const SETTLE_MS = 6_000;
const SAMPLES = 8;
const SAMPLE_MS = 500;
const GONE_TIMEOUT_MS = 30_000;

interface Wave {
  /** RSS in MB with so many calls, and after all have ended. */
  readonly steps: readonly number[];
  readonly afterMB: number;
}

export async function memoryBench({ open, say }: BenchContext): Promise<BenchOutcome> {
  const most = Math.max(...STEPS);
  const site = await open({ name: 'memory', slots: most + SPARE_SLOTS, profile: 'fast' });
  const beforeMB = await restingMB(site);
  const waves: Wave[] = [];
  for (let wave = 1; wave <= WAVES; wave += 1) {
    say(`wave ${wave}: up to ${most} calls`);
    waves.push(await oneWave(site));
  }
  await site.close();
  const slope = (steps: readonly number[]) =>
    ((steps.at(-1) ?? Number.NaN) - (steps[0] ?? Number.NaN)) / (most - STEPS[0]);
  const [first, ...later] = waves;
  const firstSlope = slope(first?.steps ?? []);
  const after = waves.map(({ afterMB }) => `${whole(afterMB)} MB`).join(', ');
  const last = later.at(-1);
  return {
    rows: [
      {
        what: `memory a further call: RSS from ${STEPS[0]} to ${most} calls`,
        target: `≤ ${TARGET_MB} MB`,
        measured: `${firstSlope.toFixed(2)} MB (${first?.steps.map((mb) => `${whole(mb)} MB`).join(', ')})`,
        isMet: firstSlope <= TARGET_MB,
      },
      {
        what: `RSS before any call; after each of ${WAVES} waves of ${most} calls has ended`,
        target: 'no growth from wave to wave',
        measured: `${whole(beforeMB)} MB; ${after}`,
        isMet: (last?.afterMB ?? Number.NaN) <= (first?.steps.at(-1) ?? 0),
      },
    ],
    figures: { beforeMB, waves },
  };
}

async function oneWave(site: CallSite): Promise<Wave> {
  const load = site.load(TAKES_TURNS);
  const steps: number[] = [];
  for (const [index, calls] of STEPS.entries()) {
    const further = calls - (STEPS[index - 1] ?? 0);
    await load.place(further, further * APART_MS);
    steps.push(await restingMB(site));
  }
  await load.hangUpAll();
  const gone = await waitUntil(
    async () => (await site.runtime.metrics()).sum('veralux_calls') === 0,
    GONE_TIMEOUT_MS,
  );
  if (!gone) throw new LocalError('calls_kept', 'The runtime holds calls that have ended.');
  return { steps, afterMB: await restingMB(site) };
}

/** The middle one of some seconds' samples, after a while in which nothing changes. */
async function restingMB({ runtime }: CallSite): Promise<number> {
  await systemClock.sleep(SETTLE_MS);
  const samples: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    await systemClock.sleep(SAMPLE_MS);
    samples.push(runtime.usage().rssMB);
  }
  return medianOf(samples);
}
