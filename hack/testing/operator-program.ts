import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KubeConfig } from '@kubernetes/client-node';
import { type StartedProgram, startProgram } from '#hack/demo/programs.ts';
import { LocalError } from '#hack/local/local-error.ts';
import { Processes } from '#hack/local/processes.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import type { Shown } from './operator-bench.ts';

export interface OperatorProgramOptions {
  /** Unlike that of any other of the test run. */
  readonly name: string;
  /** The folder of the test run: the process ends with it, and its log lies there. */
  readonly directory: string;
  readonly config: KubeConfig;
  readonly redisURL: string;
  readonly telnyxURL: string;
  /** Default 15. */
  readonly leaseSeconds?: number;
}

/** Two seconds; the rest is for a machine that is very busy. */
const READY_TIMEOUT_MS = 240_000;
/** It drains for up to 10 s; the rest is for a machine that is busy. */
const EXIT_TIMEOUT_MS = 60_000;
const QUIET_LOOKS = 3;
/** Less than the hour for which the bench's pod has reported. */
const CLOCK_OFFSET_MS = 1_500_000;
const CLOCK = fileURLToPath(new URL('./shifted-clock.ts', import.meta.url));

/** The operator as the process that is shipped, so that signals can do to it what they do to a pod's. */
export class OperatorProgram {
  readonly #program: StartedProgram;

  private constructor(program: StartedProgram) {
    this.#program = program;
  }

  /** Resolves when it is ready: it acts, or waits for another's lease. */
  static async start(options: OperatorProgramOptions): Promise<OperatorProgram> {
    const { name } = options;
    const kubeconfig = join(options.directory, 'data', `${name}.kubeconfig`);
    writeFileSync(kubeconfig, options.config.exportConfig(), { mode: 0o600 });
    const program = await startProgram(new Processes(options.directory), {
      name,
      main: 'operator/main.ts',
      health: '/readyz',
      readyTimeoutMs: READY_TIMEOUT_MS,
      env: {
        KUBECONFIG: kubeconfig,
        REDIS_URL: options.redisURL,
        TELNYX_BASE_URL: options.telnyxURL,
        LOG_LEVEL: 'debug',
        NODE_OPTIONS: `--import=${CLOCK}`,
        CLOCK_OFFSET_MS: String(CLOCK_OFFSET_MS),
        ...(options.leaseSeconds === undefined ? {} : { LEASE_SECONDS: String(options.leaseSeconds) }),
      },
    });
    return new OperatorProgram(program);
  }

  get isRunning(): boolean {
    return this.#program.process.isRunning();
  }

  get logPath(): string {
    return this.#program.process.logPath;
  }

  /** Whether a lease is its own. One that was killed as it took it may not have said so any more. */
  holds(lease: Shown | undefined): boolean {
    return saysItHolds(this.logPath, lease);
  }

  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void> {
    return this.#program.process.kill();
  }

  /** SIGTERM; resolves when it has drained, given its lease back and ended. */
  end(): Promise<void> {
    return this.#program.process.end();
  }

  /** SIGSTOP: it stands still, its connections stay. */
  freeze(): void {
    process.kill(this.#program.process.pid, 'SIGSTOP');
  }

  /** SIGCONT. */
  thaw(): void {
    process.kill(this.#program.process.pid, 'SIGCONT');
  }

  /** Its wall clock jumps 25 minutes ahead, or back again; nobody else's does. */
  jumpClock(): void {
    process.kill(this.#program.process.pid, 'SIGUSR2');
  }

  /** Whether it ended by itself in time. */
  hasExited(): Promise<boolean> {
    return waitUntil(() => !this.isRunning, EXIT_TIMEOUT_MS);
  }

  /** Whether its queues are empty and its workers idle, seen several times in a row, in time. */
  async isQuiet(timeoutMs: number): Promise<boolean> {
    let looks = 0;
    return waitUntil(async () => {
      looks = (await this.#isIdle()) ? looks + 1 : 0;
      return looks >= QUIET_LOOKS;
    }, timeoutMs);
  }

  async #isIdle(): Promise<boolean> {
    const metrics = await this.metrics();
    const sumOf = (name: string) =>
      metrics.filter((one) => one.name === name).reduce((sum, one) => sum + one.value, 0);
    return (
      sumOf('controller_runtime_reconcile_total') > 0 &&
      sumOf('workqueue_depth') + sumOf('controller_runtime_active_workers') === 0
    );
  }

  /** Each sample of /metrics. */
  async metrics(): Promise<readonly { name: string; labels: string; value: number }[]> {
    const text = await (await fetch(`${this.#program.url}/metrics`)).text();
    return text.split('\n').flatMap((line) => {
      const [, name, labels, value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      return name === undefined ? [] : [{ name, labels: labels ?? '', value: Number(value) }];
    });
  }
}

/**
 * SIGKILL to the operator of a name, ready or not; resolves when it is gone. The result tells whether a
 * lease is its own.
 */
export async function killOperator(
  directory: string,
  name: string,
): Promise<{ holds(lease: Shown | undefined): boolean }> {
  try {
    await new Processes(directory).kill(name);
  } catch (error) {
    // It has just ended by itself.
    if (!(error instanceof LocalError && error.code === 'process_not_running')) throw error;
  }
  return { holds: (lease) => saysItHolds(join(directory, 'logs', `${name}.log`), lease) };
}

function saysItHolds(logPath: string, lease: Shown | undefined): boolean {
  const holder = lease?.spec?.['holderIdentity'];
  return Boolean(holder) && readFileSync(logPath, 'utf8').includes(`"identity":${JSON.stringify(holder)}`);
}
