/**
 * Finds or builds the Kubernetes programs. What the machine has in a fitting version is used as it is
 * (`KUBEBUILDER_ASSETS`, then the PATH); the rest is built once from the Go modules of this folder.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture } from '#hack/local/capture.ts';
import type { Progress } from '#hack/local/progress.ts';
import { buildPrograms } from './build.ts';
import type { ProgramName, Programs } from './program-name.ts';

const VERSION_TIMEOUT_MS = 10_000;
const KUBERNETES = /\bv1\.35\.\d+/;
const FITTING: Readonly<Record<ProgramName, { args: readonly string[]; version: RegExp }>> = {
  etcd: { args: ['--version'], version: /etcd Version: 3\.[56]\./ },
  'kube-apiserver': { args: ['--version'], version: KUBERNETES },
  'kube-controller-manager': { args: ['--version'], version: KUBERNETES },
  'kube-scheduler': { args: ['--version'], version: KUBERNETES },
  kubectl: { args: ['version', '--client'], version: KUBERNETES },
  kubelet: { args: ['--version'], version: KUBERNETES },
  'kube-proxy': { args: ['--version'], version: KUBERNETES },
  kwok: { args: ['--version'], version: /\bv0\.8\./ },
};

/**
 * The paths of `names`, building what the machine lacks; `progress` is told about that.
 * Throws a LocalError that says what to do where it cannot.
 */
export async function ensurePrograms(names: readonly ProgramName[], progress: Progress): Promise<Programs> {
  const found = new Map<ProgramName, string>();
  for (const name of names) {
    const path = await findProgram(name);
    if (path !== undefined) found.set(name, path);
  }
  const missing = names.filter((name) => !found.has(name));
  const built =
    missing.length === 0 ? new Map<ProgramName, string>() : await buildPrograms(missing, progress);
  return new Map([...built, ...found]);
}

async function findProgram(name: ProgramName): Promise<string | undefined> {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  const folders = [
    ...(assets === undefined ? [] : [assets]),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  for (const folder of folders.filter((folder) => folder !== '')) {
    const path = join(folder, name);
    if (!existsSync(path)) continue;
    const { args, version } = FITTING[name];
    const { status, stdout } = await capture(path, args, VERSION_TIMEOUT_MS);
    if (status === 0 && version.test(stdout)) return path;
  }
  return undefined;
}
