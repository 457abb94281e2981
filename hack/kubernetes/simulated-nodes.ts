/**
 * Nodes that KWOK (sigs.k8s.io/kwok) plays: they heartbeat, take pods and call them running, and run
 * nothing. Everything simulated carries the label `veralux.io/simulated: "true"`.
 */
import { fileURLToPath } from 'node:url';
import { onFreePorts } from '#hack/local/free-port.ts';
import type { Processes, RunningProcess } from '#hack/local/processes.ts';
import { isHealthy } from './is-healthy.ts';
import type { Kubectl } from './kubectl.ts';

export interface SimulatedNode {
  readonly name: string;
  /** How many `nvidia.com/gpu` it offers; none where absent. */
  readonly gpus?: number;
}

export interface SimulatedNodesOptions {
  readonly processes: Processes;
  /** An existing folder that KWOK may use. */
  readonly directory: string;
  /** The path of KWOK; see `ensurePrograms`. */
  readonly kwok: string;
  readonly kubeconfigPath: string;
  readonly kubectl: Kubectl;
  readonly nodes: readonly SimulatedNode[];
}

/** The pair of nodes that local clusters get where nodes are wanted, one of them with GPUs. */
export const simulatedNodePair: readonly SimulatedNode[] = [
  { name: 'simulated-1' },
  { name: 'simulated-gpu-1', gpus: 2 },
];

const READY_TIMEOUT_MS = 20_000;
const STAGES = fileURLToPath(new URL('kwok/stages.yaml', import.meta.url));
const SIMULATED = 'veralux.io/simulated';
/** What KWOK is told to look after; its own documentation uses the same. */
const KWOK_ANNOTATION = 'kwok.x-k8s.io/node';

/** Makes the nodes and starts KWOK; resolves to it once all nodes are Ready. */
export async function startSimulatedNodes(options: SimulatedNodesOptions): Promise<RunningProcess> {
  const { kubectl, nodes } = options;
  const list = { apiVersion: 'v1', kind: 'List', items: nodes.map(nodeManifest) };
  await kubectl(['apply', '--server-side', '--filename=-'], JSON.stringify(list));
  const kwok = await startKwok(options);
  const names = nodes.map(({ name }) => `node/${name}`);
  await kubectl(['wait', '--for=condition=Ready', '--timeout=30s', ...names]);
  return kwok;
}

/** KWOK keeps the node's lease and its conditions fresh, so that its pods are never tainted unreachable. */
function startKwok(options: SimulatedNodesOptions): Promise<RunningProcess> {
  return onFreePorts(1, async ([port]) => {
    const kwok = await options.processes.start({
      name: 'kwok',
      command: options.kwok,
      args: [
        `--kubeconfig=${options.kubeconfigPath}`,
        `--config=${STAGES}`,
        '--manage-all-nodes=false',
        `--manage-nodes-with-annotation-selector=${KWOK_ANNOTATION}=fake`,
        '--node-lease-duration-seconds=40',
        `--server-address=127.0.0.1:${port}`,
      ],
      cwd: options.directory,
      // It looks for its settings below HOME; a user's own must not change ours.
      env: { HOME: options.directory },
    });
    try {
      await kwok.ready(() => isHealthy(`http://127.0.0.1:${port}/healthz`), READY_TIMEOUT_MS);
    } catch (error) {
      await kwok.end();
      throw error;
    }
    return kwok;
  });
}

function nodeManifest(node: SimulatedNode): object {
  const gpus = node.gpus === undefined ? {} : { 'nvidia.com/gpu': String(node.gpus) };
  const resources = { cpu: '16', memory: '64Gi', pods: '110', 'ephemeral-storage': '200Gi', ...gpus };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      annotations: { [KWOK_ANNOTATION]: 'fake' },
      labels: {
        [SIMULATED]: 'true',
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        ...(node.gpus === undefined ? {} : { 'nvidia.com/gpu.present': 'true' }),
      },
    },
    status: { capacity: resources, allocatable: resources },
  };
}
