import { mkdtempSync } from 'node:fs';
import { basename, join } from 'node:path';
import { compactEtcd } from '#hack/kubernetes/compact-etcd.ts';
import { createKubectl } from '#hack/kubernetes/kubectl.ts';
import { Processes } from '#hack/local/processes.ts';
import { providedService } from './provided-service.ts';
import { type ClusterOptions, startCluster } from './start-cluster.ts';

export interface TestCluster {
  /** Of a user in system:masters. */
  readonly kubeconfigPath: string;
  /** The folder of this test run: processes recorded in it end with the run, whatever happens. */
  readonly directory: string;
  /** Runs kubectl; resolves to its standard output, throws with its words when it fails. */
  kubectl(...args: string[]): Promise<string>;
  /** The same with standard input, for `apply -f -`. */
  kubectlWithInput(input: string, ...args: string[]): Promise<string>;
}

/** A control plane of one test file's own: what is done to it harms nobody else. */
export interface OwnTestCluster extends TestCluster {
  /** Kills the API server and starts it again; resolves when it serves, at the same address. */
  restartAPIServer(): Promise<void>;
  /** Drops etcd's history: watches can go on from no earlier revision than the present one. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** The control plane that this test run shares, with our CRDs. Use names that no other file uses. */
export function testCluster(): TestCluster {
  return clusterOf(providedService('veraluxCluster'));
}

/**
 * A control plane of one test file's own (about 4 s), for programs that act on every tenant there is:
 * on the shared one they would meet, and change, those of other files.
 */
export async function startTestCluster(options: ClusterOptions = {}): Promise<OwnTestCluster> {
  const { instance } = providedService('veraluxCluster');
  const directory = mkdtempSync(join(instance, 'data', 'cluster-'));
  const processes = new Processes(instance, { prefix: `${basename(directory)}-` });
  const { files, controlPlane } = await startCluster(processes, directory, options);
  return {
    ...clusterOf({ instance, ...files }),
    restartAPIServer: () => controlPlane.restartAPIServer(),
    compact: () => compactEtcd(controlPlane.etcdURL),
    async stop() {
      await processes.endAll();
    },
  };
}

interface ClusterFiles {
  readonly instance: string;
  readonly kubeconfigPath: string;
  readonly kubectlPath: string;
}

function clusterOf({ instance, kubeconfigPath, kubectlPath }: ClusterFiles): TestCluster {
  const kubectl = createKubectl(kubectlPath, kubeconfigPath);
  return {
    kubeconfigPath,
    directory: instance,
    kubectl: (...args) => kubectl(args),
    kubectlWithInput: (input, ...args) => kubectl(args, input),
  };
}
