import { join } from 'node:path';
import { onFreePorts } from '#hack/local/free-port.ts';
import { type ControlPlaneContext, programPath } from './control-plane-context.ts';
import { isHealthy } from './is-healthy.ts';

const READY_TIMEOUT_MS = 120_000;

export interface KubeControllerOptions {
  readonly name: 'kube-controller-manager' | 'kube-scheduler';
  readonly kubeconfigPath: string;
  readonly args: readonly string[];
}

/** Starts one of the programs that work through the API server, alone: without leader election. */
export function startKubeController(
  context: ControlPlaneContext,
  options: KubeControllerOptions,
): Promise<void> {
  return onFreePorts(1, async ([port]) => {
    const controller = await context.processes.start({
      name: options.name,
      command: programPath(context, options.name),
      args: [
        `--kubeconfig=${options.kubeconfigPath}`,
        `--authentication-kubeconfig=${options.kubeconfigPath}`,
        `--authorization-kubeconfig=${options.kubeconfigPath}`,
        '--leader-elect=false',
        '--bind-address=127.0.0.1',
        `--secure-port=${port}`,
        `--cert-dir=${join(context.directory, options.name)}`,
        ...options.args,
      ],
    });
    try {
      await controller.ready(() => isHealthy(`https://127.0.0.1:${port}/healthz`), READY_TIMEOUT_MS);
    } catch (error) {
      await controller.end();
      throw error;
    }
  });
}
