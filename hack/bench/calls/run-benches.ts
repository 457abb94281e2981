import { join } from 'node:path';
import { Instance } from '#hack/local/instance.ts';
import { ensurePackages } from '#hack/local/packages.ts';
import { createProgress } from '#hack/local/progress.ts';
import { runBenchSet } from '../bench-set.ts';
import { describeMachine } from '../machine.ts';
import { admissionBench } from './admission.ts';
import type { Bench, BenchContext } from './bench-context.ts';
import { openCallSite } from './call-site.ts';
import { callsBench } from './calls.ts';
import { capacityBench } from './capacity.ts';
import { type BenchConfig, type BenchName, KEPT_BENCHES } from './config.ts';
import { divideCPUs } from './cpus.ts';
import { firstAudioBench } from './first-audio.ts';
import { memoryBench } from './memory.ts';
import { turnsBench } from './turns.ts';

const INSTANCE = 'bench-calls';

const BENCHES: Readonly<Record<BenchName, Bench>> = {
  calls: callsBench,
  turns: turnsBench,
  'first-audio': firstAudioBench,
  memory: memoryBench,
  admission: admissionBench,
  capacity: capacityBench,
};

/** Runs the benches that were asked for; everything that was started is ended. Resolves to the exit status. */
export async function runBenches(config: BenchConfig, output: NodeJS.WriteStream): Promise<number> {
  const say = (text: string) => output.write(`${text}\n`);
  await ensurePackages(createProgress(output));
  const cpus = await divideCPUs();
  const instance = await Instance.open(INSTANCE);
  const stopListening = instance.endOnSignal((signal) => say(`${signal}: ending what was started`));
  const context: BenchContext = {
    config,
    say,
    instance,
    cpus,
    open: (wishes) => openCallSite({ instance, cpus, config }, wishes),
  };
  try {
    await runBenchSet({
      asked: config.BENCH,
      run: (bench) => BENCHES[bench](context),
      size: config.CALLS,
      kept: KEPT_BENCHES,
      tries: join(instance.directory, 'results'),
      machine: describeMachine(
        `the runtime alone on CPU ${cpus.runtime}; the load, the carrier's stand-in, Redis and engines that take no time on CPU ${cpus.others}`,
      ),
      say,
    });
    return 0;
  } finally {
    stopListening();
    await instance.endAll();
  }
}
