import { join } from 'node:path';
import { ensurePrograms } from '#hack/kubernetes/programs.ts';
import { capture } from '#hack/local/capture.ts';
import { Instance } from '#hack/local/instance.ts';
import { ensurePackages } from '#hack/local/packages.ts';
import { createProgress } from '#hack/local/progress.ts';
import { runBenchSet } from '../bench-set.ts';
import { describeMachine } from '../machine.ts';
import type { Bench, BenchContext } from './bench-context.ts';
import { coldBench } from './cold.ts';
import { type BenchConfig, type BenchName, KEPT_BENCHES } from './config.ts';
import { driftBench } from './drift.ts';
import { idleBench } from './idle.ts';
import { memoryBench } from './memory.ts';
import { PopulatedSite } from './populated-site.ts';
import { restartBench } from './restart.ts';
import { sharedSecretBench } from './shared-secret.ts';
import { signupBench } from './signup.ts';
import { stockClientBench } from './stock-client.ts';

const INSTANCE = 'bench-operator';
const CAPTURE_TIMEOUT_MS = 20_000;

const BENCHES: Readonly<Record<BenchName, Bench>> = {
  cold: coldBench,
  memory: memoryBench,
  idle: idleBench,
  restart: restartBench,
  drift: driftBench,
  'shared-secret': sharedSecretBench,
  signup: signupBench,
  'stock-client': stockClientBench,
};

/** Runs the benches that were asked for on one site; everything that was started is ended. Resolves to the exit status. */
export async function runBenches(config: BenchConfig, output: NodeJS.WriteStream): Promise<number> {
  const say = (text: string) => output.write(`${text}\n`);
  const progress = createProgress(output);
  await ensurePackages(progress);
  const names = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
  const programs = await ensurePrograms(names, progress);
  const kubernetes = await kubernetesVersion(programs.get('kube-apiserver') ?? '');
  const instance = await Instance.open(INSTANCE);
  const stopListening = instance.endOnSignal((signal) => say(`${signal}: ending what was started`));
  let opened: Promise<PopulatedSite> | undefined;
  const context = { instance, programs, config, say };
  const whole: BenchContext = {
    ...context,
    populated: () => {
      opened ??= PopulatedSite.open(context);
      return opened;
    },
  };
  try {
    await runBenchSet({
      asked: config.BENCH,
      run: (bench) => BENCHES[bench](whole),
      size: config.TENANTS,
      kept: KEPT_BENCHES,
      tries: join(instance.directory, 'results'),
      machine: describeMachine(
        `Kubernetes ${kubernetes}, etcd without fsync, Postgres and Redis with it, all on this machine`,
      ),
      say,
    });
    await (await opened)?.close();
    return 0;
  } finally {
    stopListening();
    await instance.endAll();
  }
}

async function kubernetesVersion(apiserver: string): Promise<string> {
  const { stdout } = await capture(apiserver, ['--version'], CAPTURE_TIMEOUT_MS);
  return /v\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? 'of unknown version';
}
