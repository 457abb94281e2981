/**
 * The runtime's pods on one machine, behind one address as behind a Service. One can be killed and put
 * back on its port with its settings, as Kubernetes would.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { onFreePorts } from '#hack/local/free-port.ts';
import type { Processes } from '#hack/local/processes.ts';
import { startProgram, startProgramAt } from './programs.ts';

/** Two, so that one of them can die. */
const NAMES = ['runtime-0', 'runtime-1'] as const;

export const runtimePodSchema = z.object({
  name: z.string(),
  port: z.number().int(),
  /** Its settings; they hold secrets. */
  env: z.record(z.string(), z.string()),
});

export type RuntimePod = z.output<typeof runtimePodSchema>;

export interface RuntimePods {
  /** The base URL at which webhooks reach any of them. */
  readonly url: string;
  readonly pods: readonly RuntimePod[];
}

/** Starts the pods with settings that all have in common, then what stands before them. */
export async function startRuntimePods(
  processes: Processes,
  common: Readonly<Record<string, string>>,
): Promise<RuntimePods> {
  const secret = randomBytes(32).toString('hex');
  const pods = await onFreePorts(NAMES.length, (ports) =>
    Promise.all(
      ports.map(async (port, index) => {
        const name = NAMES[index] ?? `runtime-${index}`;
        const own = { POD_NAME: name, POD_IP: '127.0.0.1', MEDIA_URL: `ws://127.0.0.1:${port}` };
        const pod: RuntimePod = { name, port, env: { ...common, ...own, CALL_TOKEN_SECRET: secret } };
        await startPod(processes, pod);
        return pod;
      }),
    ),
  );
  const { url } = await startProgram(processes, {
    name: 'runtime-service',
    main: 'hack/local/service/main.ts',
    health: '/readyz',
    env: { BACKENDS: pods.map(({ port }) => `127.0.0.1:${port}`).join(',') },
  });
  return { url, pods };
}

/** Starts those of the pods that do not run; resolves to their names once they take calls. */
export async function restorePods(processes: Processes, pods: readonly RuntimePod[]): Promise<string[]> {
  const running = new Set(processes.running().map(({ name }) => name));
  const missing = pods.filter(({ name }) => !running.has(name));
  await Promise.all(missing.map((pod) => startPod(processes, pod)));
  return missing.map(({ name }) => name);
}

async function startPod(processes: Processes, { name, port, env }: RuntimePod): Promise<void> {
  await startProgramAt(processes, { name, main: 'runtime/main.ts', health: '/readyz', env }, port);
}
