import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isPortFree, onFreePorts } from '#hack/local/free-port.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import { type ControlPlaneContext, programPath } from './control-plane-context.ts';
import { isHealthy } from './is-healthy.ts';

const READY_TIMEOUT_MS = 180_000;
const END_TIMEOUT_MS = 10_000;

export interface APIServerOptions {
  readonly etcdURL: string;
  /** Of each user that may log in; `admin` is in system:masters. */
  readonly tokens: Readonly<Record<'admin' | `system:${string}`, string>>;
  /** Further arguments of kube-apiserver. */
  readonly args?: readonly string[];
}

export interface StartedAPIServer {
  readonly url: string;
  /** The certificate that its clients trust. */
  readonly caPath: string;
  /** Kills it (no draining) and starts it again on its port; resolves when it serves. */
  restart(): Promise<void>;
}

/** Starts kube-apiserver; resolves when it serves. */
export async function startAPIServer(
  context: ControlPlaneContext,
  options: APIServerOptions,
): Promise<StartedAPIServer> {
  const { directory } = context;
  const inDirectory = (name: string, text: string) => {
    const path = join(directory, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const privateKey = inDirectory('service-account.key', keys.privateKey);
  const publicKey = inDirectory('service-account.pub', keys.publicKey);
  const tokenFile = inDirectory('tokens.csv', tokenLines(options.tokens));
  const certificates = join(directory, 'apiserver');

  return onFreePorts(1, async ([port]) => {
    const url = `https://127.0.0.1:${port}`;
    const spec = {
      name: 'kube-apiserver',
      command: programPath(context, 'kube-apiserver'),
      args: [
        `--etcd-servers=${options.etcdURL}`,
        '--bind-address=127.0.0.1',
        `--secure-port=${port}`,
        `--cert-dir=${certificates}`,
        '--authorization-mode=Node,RBAC',
        `--token-auth-file=${tokenFile}`,
        `--service-account-key-file=${publicKey}`,
        `--service-account-signing-key-file=${privateKey}`,
        '--service-account-issuer=https://kubernetes.default.svc',
        '--service-cluster-ip-range=10.96.0.0/16',
        // The Service "kubernetes" may not point at loopback, and no pod runs here to use it.
        '--endpoint-reconciler-type=none',
        '--advertise-address=127.0.0.1',
        ...(options.args ?? []),
      ],
    };
    const start = async () => {
      const apiserver = await context.processes.start(spec);
      try {
        await apiserver.ready(() => isHealthy(`${url}/readyz`, options.tokens.admin), READY_TIMEOUT_MS);
        return apiserver;
      } catch (error) {
        await apiserver.end();
        throw error;
      }
    };
    let apiserver = await start();
    return {
      url,
      caPath: join(certificates, 'apiserver.crt'),
      async restart() {
        await apiserver.kill();
        // Its threads end after the process is seen to have ended; the last one lets go of the port.
        if (port !== undefined) await waitUntil(() => isPortFree(port), END_TIMEOUT_MS);
        apiserver = await start();
      },
    };
  });
}

/** token,user,uid,"groups", as kube-apiserver's static token file has them. */
function tokenLines(tokens: APIServerOptions['tokens']): string {
  return Object.entries(tokens)
    .map(([user, token]) => `${token},${user},${user},${user === 'admin' ? '"system:masters"' : ''}\n`)
    .join('');
}
