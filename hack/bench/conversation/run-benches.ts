import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Instance } from '#hack/local/instance.ts';
import { ensurePackages, SOUND_TOOLS } from '#hack/local/packages.ts';
import { createProgress } from '#hack/local/progress.ts';
import { runBenchSet } from '../bench-set.ts';
import { describeMachine } from '../machine.ts';
import type { Bench, BenchContext } from './bench-context.ts';
import { type BenchConfig, type BenchName, KEPT_BENCHES } from './config.ts';
import { mediaBench } from './media.ts';

const INSTANCE = 'bench-conversation';

const BENCHES: Readonly<Record<BenchName, Bench>> = { media: mediaBench };

/** Runs the benches that were asked for; everything that was started is ended. Resolves to the exit status. */
export async function runBenches(config: BenchConfig, output: NodeJS.WriteStream): Promise<number> {
  const say = (text: string) => output.write(`${text}\n`);
  const progress = createProgress(output);
  await ensurePackages(progress);
  await ensurePackages(progress, SOUND_TOOLS);
  const instance = await Instance.open(INSTANCE);
  const stopListening = instance.endOnSignal((signal) => say(`${signal}: ending what was started`));
  const folder = join(instance.directory, 'work');
  mkdirSync(folder, { recursive: true });
  const context: BenchContext = { config, folder, say };
  try {
    await runBenchSet({
      asked: config.BENCH,
      run: (bench) => BENCHES[bench](context),
      size: config.SECONDS,
      kept: KEPT_BENCHES,
      tries: join(instance.directory, 'results'),
      machine: describeMachine(
        'ours in one process, 20 ms at a time; sox and ffmpeg as processes over whole files',
      ),
      say,
    });
    return 0;
  } finally {
    stopListening();
    await instance.endAll();
  }
}
