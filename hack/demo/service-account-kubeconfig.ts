import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Infrastructure } from '#hack/local/stack.ts';

const NAMESPACE = 'veralux-system';

/**
 * Writes a kubeconfig that logs in as one of our service accounts, so that a program that runs as a local
 * process may do exactly what its ClusterRole allows. Resolves to its path.
 */
export async function serviceAccountKubeconfig(
  { kubectl, kubeconfigPath }: Pick<Infrastructure, 'kubectl' | 'kubeconfigPath'>,
  account: string,
): Promise<string> {
  const token = await kubectl(['create', 'token', account, `--namespace=${NAMESPACE}`, '--duration=24h']);
  const config = JSON.parse(readFileSync(kubeconfigPath, 'utf8')) as { users: { user: object }[] };
  for (const entry of config.users) entry.user = { token: token.trim() };
  const path = join(dirname(kubeconfigPath), `${account}.kubeconfig`);
  writeFileSync(path, JSON.stringify(config, null, 2), { mode: 0o600 });
  return path;
}
