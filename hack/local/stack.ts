/** What the three programs stand on, started together: Postgres, Redis and a Kubernetes control plane. */

import { controlPlanePrograms, startControlPlane } from '#hack/kubernetes/control-plane.ts';
import { createKubectl, type Kubectl } from '#hack/kubernetes/kubectl.ts';
import type { ProgramName } from '#hack/kubernetes/program-name.ts';
import { ensurePrograms } from '#hack/kubernetes/programs.ts';
import { simulatedNodePair, startSimulatedNodes } from '#hack/kubernetes/simulated-nodes.ts';
import type { Instance } from './instance.ts';
import { ensurePackages } from './packages.ts';
import { startPostgres } from './postgres.ts';
import type { Progress } from './progress.ts';
import { startRedis } from './redis.ts';

export interface InfrastructureOptions {
  readonly progress: Progress;
  /** Called as each part is up, with how long it took. */
  readonly onStage: (name: string, ms: number) => void;
  /** Whether the cluster gets a pair of simulated nodes, one with GPUs; it has none otherwise. */
  readonly simulatedNodes?: boolean;
}

export interface Infrastructure {
  /** Of Postgres' superuser. */
  readonly adminURL: string;
  readonly redisURL: string;
  /** Of a user in system:masters. */
  readonly kubeconfigPath: string;
  readonly kubectlPath: string;
  readonly kubectl: Kubectl;
}

/**
 * Installs and builds what is missing, then starts all three at once. When one fails the others are
 * waited for, so that the caller's `instance.endAll()` meets everything that was started.
 */
export async function startInfrastructure(
  instance: Instance,
  options: InfrastructureOptions,
): Promise<Infrastructure> {
  await ensurePackages(options.progress);
  const wanted: readonly ProgramName[] = options.simulatedNodes === true ? ['kwok'] : [];
  const programs = await ensurePrograms([...controlPlanePrograms, ...wanted], options.progress);
  const timed = async <T>(name: string, start: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const result = await start();
    options.onStage(name, performance.now() - began);
    return result;
  };
  const { processes, data } = instance;
  const starts = [
    timed('Postgres', () => startPostgres({ instance, fsync: true })),
    timed('Redis', () => startRedis({ processes, directory: data })),
    timed('Kubernetes', () =>
      startControlPlane({ processes, directory: data, programs, controllerManager: true, scheduler: true }),
    ),
  ] as const;
  await Promise.allSettled(starts);
  const [postgres, redis, kubernetes] = await Promise.all(starts);
  const { kubeconfigPath } = kubernetes;
  const kubectlPath = programs.get('kubectl') ?? 'kubectl';
  const kubectl = createKubectl(kubectlPath, kubeconfigPath);
  const kwok = programs.get('kwok');
  if (kwok !== undefined) {
    const nodes = { processes, directory: data, kwok, kubeconfigPath, kubectl, nodes: simulatedNodePair };
    await timed('Simulated nodes', () => startSimulatedNodes(nodes));
  }
  return {
    adminURL: postgres.adminURL,
    redisURL: redis.url,
    kubeconfigPath,
    kubectlPath,
    kubectl,
  };
}
