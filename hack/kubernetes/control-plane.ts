/**
 * A real Kubernetes control plane on loopback: etcd, API server, controller-manager and scheduler, and on
 * wish simulated nodes. Needs no root.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Processes } from '#hack/local/processes.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import type { ProgramName, Programs } from './program-name.ts';
import { startAPIServer } from './start-apiserver.ts';
import { startEtcd } from './start-etcd.ts';
import { startKubeController } from './start-kube-controller.ts';

export interface ControlPlaneOptions {
  readonly processes: Processes;
  /** An existing folder for its data and keys; it gets a folder of its own below. */
  readonly directory: string;
  /** Paths of etcd, kube-apiserver and of what else is asked for; see `controlPlanePrograms`. */
  readonly programs: Programs;
  readonly controllerManager?: boolean;
  readonly scheduler?: boolean;
  /** Further arguments of kube-apiserver. */
  readonly apiserverArgs?: readonly string[];
}

export interface ControlPlane {
  /** https://127.0.0.1:port */
  readonly url: string;
  /** Of a user in system:masters. */
  readonly kubeconfigPath: string;
  readonly etcdURL: string;
  /** Kills the API server and starts it again; resolves when it serves, at the same address. */
  restartAPIServer(): Promise<void>;
}

/** What `startControlPlane` needs for its whole self. */
export const controlPlanePrograms: readonly ProgramName[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubectl',
];

/** Starts it; resolves once everything asked for is healthy (about 3 s on 2 cores). */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const directory = join(options.directory, 'kubernetes');
  mkdirSync(directory, { mode: 0o700 });
  const context = { processes: options.processes, programs: options.programs, directory };
  const tokens = {
    admin: randomToken(),
    'system:kube-controller-manager': randomToken(),
    'system:kube-scheduler': randomToken(),
  };

  const etcdURL = await startEtcd(context);
  const apiserver = await startAPIServer(context, { etcdURL, tokens, args: options.apiserverArgs ?? [] });
  const { url, caPath } = apiserver;
  const kubeconfigOf = (user: keyof typeof tokens) =>
    writeKubeconfig({ directory, url, caPath, user, token: tokens[user] });
  await Promise.all([
    options.controllerManager === true &&
      startKubeController(context, {
        name: 'kube-controller-manager',
        kubeconfigPath: kubeconfigOf('system:kube-controller-manager'),
        args: [
          '--use-service-account-credentials',
          `--service-account-private-key-file=${join(directory, 'service-account.key')}`,
          `--root-ca-file=${caPath}`,
        ],
      }),
    options.scheduler === true &&
      startKubeController(context, {
        name: 'kube-scheduler',
        kubeconfigPath: kubeconfigOf('system:kube-scheduler'),
        args: [],
      }),
  ]);
  return { url, kubeconfigPath: kubeconfigOf('admin'), etcdURL, restartAPIServer: () => apiserver.restart() };
}

function randomToken(): string {
  return randomBytes(24).toString('hex');
}
