import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensurePrograms } from '#hack/kubernetes/programs.ts';
import { capture } from '#hack/local/capture.ts';
import { Instance } from '#hack/local/instance.ts';
import { ensurePackages } from '#hack/local/packages.ts';
import { createProgress } from '#hack/local/progress.ts';
import { describeMachine, machineLine } from '../machine.ts';
import type { BenchOutcome } from './bench.ts';
import type { Bench, BenchContext } from './bench-context.ts';
import { coldBench } from './cold.ts';
import { type BenchConfig, type BenchName, FULL_SIZE } from './config.ts';
import { driftBench } from './drift.ts';
import { idleBench } from './idle.ts';
import { memoryBench } from './memory.ts';
import { PopulatedSite } from './populated-site.ts';
import { restartBench } from './restart.ts';
import { benchSection, readResults, writeResult } from './results.ts';
import { sharedSecretBench } from './shared-secret.ts';
import { signupBench } from './signup.ts';
import { stockClientBench } from './stock-client.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const README = join(REPOSITORY, 'operator/README.md');
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

/**
 * Runs the benches that were asked for, prints their rows, keeps each result as JSON, and writes the
 * README's table where they ran at full size. Everything that was started is ended. Resolves to the
 * exit status: 0 also where a target was missed, since a figure is a result.
 */
export async function runBenches(config: BenchConfig, output: NodeJS.WriteStream): Promise<number> {
  const say = (text: string) => output.write(`${text}\n`);
  const progress = createProgress(output);
  await ensurePackages(progress);
  const names = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
  const programs = await ensurePrograms(names, progress);
  const machine = describeMachine(await kubernetesVersion(programs.get('kube-apiserver') ?? ''));
  say(machineLine(machine));
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
  const results = join(instance.directory, 'results');
  const revision = await revisionOfTree();
  try {
    for (const bench of config.BENCH) {
      say(`\n${bench}`);
      const outcome = await BENCHES[bench](whole);
      tell(outcome, say);
      writeResult(results, { bench, tenants: config.TENANTS, machine, revision, ...outcome });
    }
    await (await opened)?.close();
    if (config.TENANTS === FULL_SIZE) writeTable(results);
    say(`\nAll figures: ${results}`);
    return 0;
  } finally {
    stopListening();
    await instance.endAll();
  }
}

function tell({ rows }: BenchOutcome, say: (text: string) => void): void {
  for (const { what, target, measured, isMet } of rows) {
    const verdict = isMet === undefined ? '' : isMet ? ' (met)' : ' (missed)';
    say(`  ${what}: ${measured}${target === undefined ? '' : `; target ${target}${verdict}`}`);
  }
}

function writeTable(results: string): void {
  const generator = benchSection(README, readResults(results, FULL_SIZE));
  writeFileSync(README, generator.render(readFileSync(README, 'utf8')));
}

async function kubernetesVersion(apiserver: string): Promise<string> {
  const { stdout } = await capture(apiserver, ['--version'], CAPTURE_TIMEOUT_MS);
  return /v\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? 'of unknown version';
}

async function revisionOfTree(): Promise<string> {
  const git = (...args: string[]) => capture('git', ['-C', REPOSITORY, ...args], CAPTURE_TIMEOUT_MS);
  const { stdout: head } = await git('rev-parse', '--short', 'HEAD');
  const { stdout: changes } = await git('status', '--porcelain', '--untracked-files=no');
  return `${head.trim()}${changes === '' ? '' : '+'}`;
}
