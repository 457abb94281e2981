import type { TestProject } from 'vitest/node';
import type { Instance } from '#hack/local/instance.ts';
import type { ProvidedServices } from './provided.ts';
import { shareService } from './shared-services.ts';
import { startCluster } from './start-cluster.ts';

/** Vitest's global set-up of the projects with `.kube` in their suffix. */
export function setup(project: TestProject): Promise<() => Promise<void>> {
  return shareService('cluster', start, (cluster) => project.provide('veraluxCluster', cluster));
}

async function start(instance: Instance): Promise<ProvidedServices['veraluxCluster']> {
  const { files } = await startCluster(instance.processes, instance.data);
  return { instance: instance.directory, ...files };
}
