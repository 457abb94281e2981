import { globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ControlPlane, startControlPlane } from '#hack/kubernetes/control-plane.ts';
import { createKubectl } from '#hack/kubernetes/kubectl.ts';
import { ensurePrograms } from '#hack/kubernetes/programs.ts';
import type { Processes } from '#hack/local/processes.ts';
import { createProgress } from '#hack/local/progress.ts';

const CRDS = fileURLToPath(new URL('../../crds/generated', import.meta.url));

export interface StartedCluster {
  /** Plain data, which may cross from process to process. */
  readonly files: { readonly kubeconfigPath: string; readonly kubectlPath: string };
  readonly controlPlane: ControlPlane;
}

export interface ClusterOptions {
  /** Further arguments of kube-apiserver. */
  readonly apiserverArgs?: readonly string[];
}

/** Starts a control plane with a controller-manager and our CRDs; its data goes below `directory`. */
export async function startCluster(
  processes: Processes,
  directory: string,
  options: ClusterOptions = {},
): Promise<StartedCluster> {
  const names = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
  const programs = await ensurePrograms(names, createProgress(process.stderr));
  const controlPlane = await startControlPlane({
    processes,
    directory,
    programs,
    controllerManager: true,
    ...options,
  });
  const kubectlPath = programs.get('kubectl') ?? 'kubectl';
  const { kubeconfigPath } = controlPlane;
  await installCRDs(createKubectl(kubectlPath, kubeconfigPath));
  return { files: { kubeconfigPath, kubectlPath }, controlPlane };
}

async function installCRDs(kubectl: ReturnType<typeof createKubectl>): Promise<void> {
  const inputs = globSync('*.yaml', { cwd: CRDS }).map((file) => `--filename=${join(CRDS, file)}`);
  await kubectl(['apply', '--server-side', ...inputs]);
  await kubectl(['wait', '--for=condition=Established', '--timeout=30s', ...inputs]);
}
