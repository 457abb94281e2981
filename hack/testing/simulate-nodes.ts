import { mkdtempSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ensurePrograms } from '#hack/kubernetes/programs.ts';
import { type SimulatedNode, startSimulatedNodes } from '#hack/kubernetes/simulated-nodes.ts';
import { startKubeController } from '#hack/kubernetes/start-kube-controller.ts';
import { Processes } from '#hack/local/processes.ts';
import { createProgress } from '#hack/local/progress.ts';
import type { TestCluster } from './cluster.ts';

/**
 * Gives a test file's own cluster a scheduler and simulated nodes: pods are scheduled, and run at once.
 * `stop` ends both; call it before the cluster's.
 */
export async function simulateNodes(
  cluster: TestCluster,
  nodes: readonly SimulatedNode[],
): Promise<{ stop(): Promise<void> }> {
  const programs = await ensurePrograms(['kube-scheduler', 'kwok'], createProgress(process.stderr));
  const directory = mkdtempSync(join(cluster.directory, 'data', 'nodes-'));
  const processes = new Processes(cluster.directory, { prefix: `${basename(directory)}-` });
  await startKubeController(
    { processes, programs, directory },
    { name: 'kube-scheduler', kubeconfigPath: cluster.kubeconfigPath, args: [] },
  );
  await startSimulatedNodes({
    processes,
    directory,
    kwok: programs.get('kwok') ?? 'kwok',
    kubeconfigPath: cluster.kubeconfigPath,
    kubectl: (args, input) =>
      input === undefined ? cluster.kubectl(...args) : cluster.kubectlWithInput(input, ...args),
    nodes,
  });
  return {
    async stop() {
      await processes.endAll();
    },
  };
}
