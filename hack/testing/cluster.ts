import { createKubectl } from '#hack/kubernetes/kubectl.ts';
import { providedService } from './provided-service.ts';

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

/** The control plane that this test run shares, with our CRDs. Use names that no other file uses. */
export function testCluster(): TestCluster {
  const { instance, kubeconfigPath, kubectlPath } = providedService('veraluxCluster');
  const kubectl = createKubectl(kubectlPath, kubeconfigPath);
  return {
    kubeconfigPath,
    directory: instance,
    kubectl: (...args) => kubectl(args),
    kubectlWithInput: (input, ...args) => kubectl(args, input),
  };
}
