import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KubeConfig } from '@kubernetes/client-node';
import { applyManifests } from '#hack/demo/cluster-objects.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { startTestCluster } from './cluster.ts';
import type { ClusterOptions } from './start-cluster.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** Who asks: a person whom RBAC allows everything, or one of our programs. */
export const USERS = {
  person: 'jane',
  operator: 'system:serviceaccount:veralux-system:veralux-operator',
  apiserver: 'system:serviceaccount:veralux-system:veralux-apiserver',
} as const;
export type User = keyof typeof USERS;
const ALL: readonly User[] = ['person', 'operator', 'apiserver'];

interface PolicedClusterOptions extends ClusterOptions {
  /** Whom RBAC allows everything; others have the rights that are shipped. Default: all. */
  readonly unlimited?: readonly User[];
}

/**
 * An API server of a test's own with everything that is shipped, where RBAC allows `USERS`
 * everything: what is refused to them is refused by an admission policy.
 */
export class PolicedCluster {
  readonly #clients: Readonly<Record<User, KubeClient>>;
  readonly #cluster: Awaited<ReturnType<typeof startTestCluster>>;

  private constructor(cluster: Awaited<ReturnType<typeof startTestCluster>>) {
    this.#cluster = cluster;
    const clientOf = (user: User) => impersonating(cluster.kubeconfigPath, USERS[user]);
    this.#clients = {
      person: clientOf('person'),
      operator: clientOf('operator'),
      apiserver: clientOf('apiserver'),
    };
  }

  static async start(options: PolicedClusterOptions = {}): Promise<PolicedCluster> {
    const cluster = await startTestCluster(options);
    await applyManifests((args) => cluster.kubectl(...args), REPOSITORY);
    await cluster.kubectl(
      'create',
      'clusterrolebinding',
      'test-everything',
      '--clusterrole=cluster-admin',
      ...(options.unlimited ?? ALL).map((user) => `--user=${USERS[user]}`),
    );
    return new PolicedCluster(cluster);
  }

  async stop(): Promise<void> {
    for (const client of Object.values(this.#clients)) await client.close();
    await this.#cluster.stop();
  }

  /** Of a user in system:masters. */
  get kubeconfigPath(): string {
    return this.#cluster.kubeconfigPath;
  }

  as(user: User): KubeClient {
    return this.#clients[user];
  }

  kubectl(...args: string[]): Promise<string> {
    return this.#cluster.kubectl(...args);
  }

  kubectlWithInput(input: string, ...args: string[]): Promise<string> {
    return this.#cluster.kubectlWithInput(input, ...args);
  }
}

/** What people read when the request is refused by a policy; undefined when it is not refused. */
export async function refusalOf(request: Promise<unknown>): Promise<string | undefined> {
  try {
    await request;
    return undefined;
  } catch (error) {
    const byPolicy = error instanceof KubeError && error.message.includes('ValidatingAdmissionPolicy');
    if (byPolicy) return error.message;
    throw error;
  }
}

function impersonating(kubeconfigPath: string, user: string): KubeClient {
  const config = new KubeConfig();
  config.loadFromString(readFileSync(kubeconfigPath, 'utf8'));
  config.users = config.users.map((one) => ({ ...one, impersonateUser: user }));
  return new KubeClient({ config, userAgent: 'veralux-test' });
}
