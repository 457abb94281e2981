import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface KubeconfigOptions {
  readonly directory: string;
  readonly url: string;
  readonly caPath: string;
  readonly user: string;
  readonly token: string;
}

/** Writes a kubeconfig (JSON, which is YAML) that logs `user` in by a token; returns its path. */
export function writeKubeconfig(options: KubeconfigOptions): string {
  const { directory, url, caPath, user, token } = options;
  const path = join(directory, `${user.replace('system:', '')}.kubeconfig`);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'veralux-local',
        cluster: { server: url, 'certificate-authority-data': readFileSync(caPath).toString('base64') },
      },
    ],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'veralux-local', context: { cluster: 'veralux-local', user } }],
    'current-context': 'veralux-local',
  };
  writeFileSync(path, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  return path;
}
