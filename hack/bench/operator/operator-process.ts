import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onFreePorts } from '#hack/local/free-port.ts';
import { type ProcessUsage, processUsage } from '../process-usage.ts';
import { Samples } from '../prometheus-text.ts';
import type { Site } from './site.ts';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
const RECORDER = fileURLToPath(new URL('./record-requests.ts', import.meta.url));
const LISTEN_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 30_000;

export interface OperatorProcess {
  readonly pid: number;
  /** By the monotonic clock, just before the process was started. */
  readonly startedAtMs: number;
  usage(): ProcessUsage;
  metrics(): Promise<Samples>;
  isReady(): Promise<boolean>;
  /** SIGTERM, as a rolling update sends it; resolves when it has ended. */
  stop(): Promise<void>;
}

export interface OperatorOptions {
  /** Node.js' own, with spaces between them. */
  readonly flags: string;
  /** Where to write down its requests to the API server; absent: nothing is recorded. */
  readonly recordTo?: string;
  /** A folder for V8 profiles of its CPU, written when it ends. */
  readonly profileTo?: string | undefined;
}

/** Starts `operator/main.ts` on a site, as a pod would; resolves when its port answers. */
export async function startOperator(site: Site, options: OperatorOptions): Promise<OperatorProcess> {
  return onFreePorts(1, async ([port]) => {
    const startedAtMs = performance.now();
    const program = await site.processes.start({
      name: 'operator',
      command: process.execPath,
      args: [...nodeArguments(options), 'operator/main.ts'],
      cwd: REPOSITORY,
      env: {
        HOST: '127.0.0.1',
        PORT: String(port),
        NODE_NO_WARNINGS: '1',
        NODE_OPTIONS: options.flags,
        NODE_COMPILE_CACHE: site.compileCache,
        // One arena: V8's helper threads would each keep one of their own.
        MALLOC_ARENA_MAX: '1',
        // What is freed goes back to the system also where something small lies behind it.
        MALLOC_MMAP_THRESHOLD_: '65536',
        MALLOC_TRIM_THRESHOLD_: '131072',
        REDIS_URL: site.redisURL,
        TELNYX_BASE_URL: site.telnyx.url,
        KUBECONFIG: site.operatorKubeconfigPath,
        ...(options.recordTo === undefined ? {} : { RECORD_FILE: options.recordTo, RECORD_ORIGIN: site.url }),
      },
    });
    const url = `http://127.0.0.1:${port}`;
    try {
      await program.ready(async () => (await statusOf(`${url}/healthz`)) === 200, LISTEN_TIMEOUT_MS);
    } catch (error) {
      await program.end();
      throw error;
    }
    return {
      pid: program.pid,
      startedAtMs,
      usage: () => processUsage(program.pid),
      async metrics() {
        const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
        return new Samples(await response.text());
      },
      isReady: async () => (await statusOf(`${url}/readyz`)) === 200,
      stop: () => program.end(),
    };
  });
}

function nodeArguments({ recordTo, profileTo }: OperatorOptions): string[] {
  const folder = profileTo === undefined ? undefined : join(profileTo, 'profiles');
  if (folder !== undefined) mkdirSync(folder, { recursive: true });
  return [
    ...(recordTo === undefined ? [] : ['--import', RECORDER]),
    ...(folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]),
  ];
}

async function statusOf(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.status;
  } catch {
    // Not listening yet: whoever waits has a time-out and shows the log.
    return undefined;
  }
}
