import { globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { startControlPlane } from '#hack/kubernetes/control-plane.ts';
import { createKubectl } from '#hack/kubernetes/kubectl.ts';
import { ensurePrograms } from '#hack/kubernetes/programs.ts';
import type { Instance } from '#hack/local/instance.ts';
import { createProgress } from '#hack/local/progress.ts';
import type { ProvidedServices } from './provided.ts';
import { shareService } from './shared-services.ts';

const CRDS = fileURLToPath(new URL('../../crds/generated', import.meta.url));

/** Vitest's global set-up of the projects with `.kube` in their suffix. */
export function setup(project: TestProject): Promise<() => Promise<void>> {
  return shareService('cluster', startCluster, (cluster) => project.provide('veraluxCluster', cluster));
}

async function startCluster(instance: Instance): Promise<ProvidedServices['veraluxCluster']> {
  const names = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'] as const;
  const programs = await ensurePrograms(names, createProgress(process.stderr));
  const { kubeconfigPath } = await startControlPlane({
    processes: instance.processes,
    directory: instance.data,
    programs,
    controllerManager: true,
  });
  const kubectlPath = programs.get('kubectl') ?? 'kubectl';
  await installCRDs(createKubectl(kubectlPath, kubeconfigPath));
  return { instance: instance.directory, kubeconfigPath, kubectlPath };
}

async function installCRDs(kubectl: ReturnType<typeof createKubectl>): Promise<void> {
  const files = globSync('*.yaml', { cwd: CRDS }).map((file) => join(CRDS, file));
  if (files.length === 0) return;
  const inputs = files.map((file) => `--filename=${file}`);
  await kubectl(['apply', '--server-side', ...inputs]);
  await kubectl(['wait', '--for=condition=Established', '--timeout=30s', ...inputs]);
}
