import { join } from 'node:path';
import { Instance } from '#hack/local/instance.ts';
import { runBenchSet } from '../bench-set.ts';
import { describeMachine } from '../machine.ts';
import { openApiSite } from './api-site.ts';
import type { Bench } from './bench-context.ts';
import { type BenchConfig, type BenchName, KEPT_BENCHES } from './config.ts';
import { loginsBench } from './logins.ts';
import { observedBench } from './observed.ts';
import { readBench } from './read.ts';
import { signupBench } from './signup.ts';
import { usageBench } from './usage.ts';

const INSTANCE = 'bench-apiserver';

const BENCHES: Readonly<Record<BenchName, Bench>> = {
  read: readBench,
  logins: loginsBench,
  signup: signupBench,
  observed: observedBench,
  usage: usageBench,
};

/** Runs the benches that were asked for; everything that was started is ended. Resolves to the exit status. */
export async function runBenches(config: BenchConfig, output: NodeJS.WriteStream): Promise<number> {
  const say = (text: string) => output.write(`${text}\n`);
  const instance = await Instance.open(INSTANCE);
  const stopListening = instance.endOnSignal((signal) => say(`${signal}: ending what was started`));
  try {
    const site = await openApiSite(instance, config, output);
    await runBenchSet({
      asked: config.BENCH,
      run: (bench) => BENCHES[bench]({ config, site, say }),
      size: config.TENANTS,
      kept: KEPT_BENCHES,
      tries: join(instance.directory, 'results'),
      machine: describeMachine(
        'the server, Postgres with fsync, Redis, a Kubernetes control plane and the load on the same cores',
      ),
      say,
    });
    return 0;
  } finally {
    stopListening();
    await instance.endAll();
  }
}
