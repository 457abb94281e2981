import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Instance } from '#hack/local/instance.ts';
import { ensurePackages, SOUND_TOOLS } from '#hack/local/packages.ts';
import { createProgress } from '#hack/local/progress.ts';
import { runBenchSet } from '../bench-set.ts';
import { openCallSite } from '../calls/call-site.ts';
import { divideCPUs } from '../calls/cpus.ts';
import { describeMachine } from '../machine.ts';
import type { KeptBenches } from '../results.ts';
import type { Bench, BenchContext } from './bench-context.ts';
import { type BenchConfig, type BenchName, KEPT_MEDIA_BENCHES, KEPT_VOICE_BENCHES } from './config.ts';
import { mediaBench } from './media.ts';
import { mouthToEarBench } from './mouth-to-ear.ts';
import { turnsBench } from './turns.ts';
import { waitsBench } from './waits.ts';

const INSTANCE = 'bench-conversation';

const BENCHES: Readonly<Record<BenchName, Bench>> = {
  media: mediaBench,
  turns: turnsBench,
  waits: waitsBench,
  'mouth-to-ear': mouthToEarBench,
};

/** The benches by the README that their figures are for, in the order in which they run. */
const SETS = [
  {
    kept: KEPT_MEDIA_BENCHES,
    setting: 'ours in one process, 20 ms at a time; sox and ffmpeg as processes over whole files',
  },
  {
    kept: KEPT_VOICE_BENCHES,
    setting: "the runtime alone on one CPU; callers, the carrier's stand-in, Redis and engines on the others",
  },
] as const satisfies readonly { readonly kept: KeptBenches; readonly setting: string }[];

/** Runs the benches that were asked for; everything that was started is ended. Resolves to the exit status. */
export async function runBenches(config: BenchConfig, output: NodeJS.WriteStream): Promise<number> {
  const say = (text: string) => output.write(`${text}\n`);
  const progress = createProgress(output);
  await ensurePackages(progress);
  await ensurePackages(progress, SOUND_TOOLS);
  const instance = await Instance.open(INSTANCE);
  const stopListening = instance.endOnSignal((signal) => say(`${signal}: ending what was started`));
  const context = contextOf(config, instance, say);
  try {
    for (const { kept, setting } of SETS) {
      const asked = kept.benches.filter((bench) => config.BENCH.includes(bench));
      if (asked.length === 0) continue;
      await runBenchSet({
        asked,
        run: (bench) => BENCHES[bench](context),
        size: config.SECONDS,
        kept,
        tries: join(instance.directory, 'results'),
        machine: describeMachine(setting),
        say,
      });
    }
    return 0;
  } finally {
    stopListening();
    await instance.endAll();
  }
}

function contextOf(config: BenchConfig, instance: Instance, say: (text: string) => void): BenchContext {
  const folder = join(instance.directory, 'work');
  mkdirSync(folder, { recursive: true });
  // Only once calls are to be held: what is measured before may use all CPUs.
  let cpus: ReturnType<typeof divideCPUs> | undefined;
  return {
    config,
    folder,
    say,
    async open(wishes) {
      cpus ??= divideCPUs();
      return openCallSite({ instance, cpus: await cpus, config }, wishes);
    },
  };
}
