import { existsSync } from 'node:fs';
import type { KubeConfig } from '@kubernetes/client-node';
import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';
import { KubeConfig as KubeConfigClass } from './kube-config-class.ts';

/** Where Kubernetes mounts a pod's own token. */
const IN_CLUSTER_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** No usable way to reach an API server was configured. */
export class KubeConfigError extends OperatingError {
  constructor(message: string, cause?: unknown) {
    super('kubeconfig_invalid', message, { cause });
  }
}

/**
 * Reads the kubeconfig file at `path`, or the pod's own service account when `path` is absent.
 * Throws a KubeConfigError that says what is missing.
 */
export function loadKubeConfig(path: string | undefined): KubeConfig {
  const config = new KubeConfigClass();
  if (path === undefined) {
    if (!existsSync(IN_CLUSTER_TOKEN)) {
      throw new KubeConfigError(
        `KUBECONFIG is not set and ${IN_CLUSTER_TOKEN} does not exist, so there is no API server to talk to. ` +
          'Set KUBECONFIG to a kubeconfig file, or run in a pod with a service account.',
      );
    }
    config.loadFromCluster();
  } else {
    try {
      config.loadFromFile(path);
    } catch (error) {
      throw new KubeConfigError(`The kubeconfig ${path} cannot be read: ${messageOf(error)}`, error);
    }
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new KubeConfigError(
      `The kubeconfig ${path ?? 'of this pod'} has no current context with a cluster.`,
    );
  }
  if (cluster.proxyUrl !== undefined) {
    throw new KubeConfigError(
      `The kubeconfig ${path ?? 'of this pod'} asks for a proxy, which is not supported.`,
    );
  }
  return config;
}
