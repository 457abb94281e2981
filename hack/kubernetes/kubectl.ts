import { capture } from '#hack/local/capture.ts';
import { LocalError } from '#hack/local/local-error.ts';

const TIMEOUT_MS = 120_000;

/** Runs kubectl with arguments, and with standard input where given; resolves to its standard output. */
export type Kubectl = (args: readonly string[], input?: string) => Promise<string>;

/** A kubectl for one kubeconfig. It throws a LocalError with kubectl's own words when it fails. */
export function createKubectl(program: string, kubeconfigPath: string): Kubectl {
  return async (args, input) => {
    const { status, stdout, stderr } = await capture(
      program,
      [`--kubeconfig=${kubeconfigPath}`, ...args],
      TIMEOUT_MS,
      {
        // It caches what the API server offers below HOME, by address; ports come again with other clusters.
        env: { ...process.env, KUBECACHEDIR: `${kubeconfigPath}.cache` },
        ...(input === undefined ? {} : { input }),
      },
    );
    if (status === 0) return stdout;
    throw new LocalError(
      'kubectl_failed',
      `kubectl ${args.join(' ')}: ${stderr.trim() || 'it did not finish in time'}`,
    );
  };
}
