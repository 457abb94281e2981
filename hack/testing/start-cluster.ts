import { globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startControlPlane } from '#hack/kubernetes/control-plane.ts';
import { createKubectl } from '#hack/kubernetes/kubectl.ts';
import { ensurePrograms } from '#hack/kubernetes/programs.ts';
import type { Processes } from '#hack/local/processes.ts';
import { createProgress } from '#hack/local/progress.ts';

const CRDS = fileURLToPath(new URL('../../crds/generated', import.meta.url));

/** Starts a control plane with a controller-manager and our CRDs; its data goes below `directory`. */
export async function startCluster(
  processes: Processes,
  directory: string,
): Promise<{ readonly kubeconfigPath: string; readonly kubectlPath: string }> {
  const names = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
  const programs = await ensurePrograms(names, createProgress(process.stderr));
  const { kubeconfigPath } = await startControlPlane({
    processes,
    directory,
    programs,
    controllerManager: true,
  });
  const kubectlPath = programs.get('kubectl') ?? 'kubectl';
  await installCRDs(createKubectl(kubectlPath, kubeconfigPath));
  return { kubeconfigPath, kubectlPath };
}

async function installCRDs(kubectl: ReturnType<typeof createKubectl>): Promise<void> {
  const inputs = globSync('*.yaml', { cwd: CRDS }).map((file) => `--filename=${join(CRDS, file)}`);
  await kubectl(['apply', '--server-side', ...inputs]);
  await kubectl(['wait', '--for=condition=Established', '--timeout=30s', ...inputs]);
}
