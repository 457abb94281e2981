import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { onFreePorts } from '#hack/local/free-port.ts';
import type { Processes } from '#hack/local/processes.ts';
import { type ProcessUsage, processUsage } from '../process-usage.ts';
import { Samples } from '../prometheus-text.ts';
import { REPOSITORY } from '../results.ts';

const READY_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 30_000;

export interface RuntimeProcessOptions {
  readonly processes: Processes;
  /** The one CPU that it runs on, with all its threads. */
  readonly cpu: string;
  /** Node.js' own, with spaces between them. */
  readonly flags: string;
  /** A folder for V8 profiles of its CPU, written when it ends. */
  readonly profileTo: string | undefined;
  /** Its settings besides its address, name and secret. */
  readonly env: Readonly<Record<string, string>>;
}

export interface RuntimeProcess {
  readonly webhookURL: string;
  usage(): ProcessUsage;
  metrics(): Promise<Samples>;
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts `runtime/main.ts` as a pod would, on one CPU; resolves when it is ready for calls. */
export function startRuntime(options: RuntimeProcessOptions): Promise<RuntimeProcess> {
  const { processes, cpu, flags, profileTo, env } = options;
  if (profileTo !== undefined) mkdirSync(profileTo, { recursive: true });
  const profile = profileTo === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileTo}`];
  return onFreePorts(1, async ([port]) => {
    const program = await processes.start({
      name: 'runtime',
      command: 'taskset',
      args: [
        '--cpu-list',
        cpu,
        process.execPath,
        ...flags.split(' ').filter(Boolean),
        ...profile,
        'runtime/main.ts',
      ],
      cwd: REPOSITORY,
      env: {
        HOST: '127.0.0.1',
        PORT: String(port),
        NODE_NO_WARNINGS: '1',
        POD_NAME: 'runtime-0',
        MEDIA_URL: `ws://127.0.0.1:${port}`,
        CALL_TOKEN_SECRET: randomBytes(32).toString('hex'),
        DRAIN_TIMEOUT_MS: '1000',
        ...env,
      },
    });
    const url = `http://127.0.0.1:${port}`;
    try {
      await program.ready(() => isReady(url), READY_TIMEOUT_MS);
    } catch (error) {
      await program.end();
      throw error;
    }
    return {
      webhookURL: `${url}/webhooks/telnyx`,
      usage: () => processUsage(program.pid),
      async metrics() {
        const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
        return new Samples(await response.text());
      },
      stop: () => program.end(),
    };
  });
}

/** The folder for profiles below an instance's logs. */
export function profilesFolder(logs: string): string {
  return join(logs, 'profiles');
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    // Not listening yet: whoever waits has a time-out and shows the log.
    return false;
  }
}
