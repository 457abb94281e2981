import { readFileSync } from 'node:fs';
import { Pool } from 'undici';

export interface RawRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly contentType?: string | undefined;
  readonly body?: string | undefined;
}

const TIMEOUT_MS = 120_000;

/**
 * The API server through undici alone: one pool with keep-alive, a token, and nothing else. It is what
 * our client is compared with.
 */
export class RawPool {
  readonly #pool: Pool;
  readonly #headers: Readonly<Record<string, string>>;

  /** `kubeconfigPath` is one of ours, with a token. */
  constructor(kubeconfigPath: string, connections: number) {
    const { server, ca, token } = readKubeconfig(kubeconfigPath);
    this.#headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    this.#pool = new Pool(server, {
      connections,
      connect: { ca },
      allowH2: false,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
    });
  }

  /** Sends one request and throws its body away unread. Resolves to the status. */
  async send(request: RawRequest): Promise<number> {
    const { statusCode, body } = await this.#request(request);
    for await (const _chunk of body) continue;
    return statusCode;
  }

  async text(request: RawRequest): Promise<{ readonly status: number; readonly text: string }> {
    const { statusCode, body } = await this.#request(request);
    return { status: statusCode, text: await body.text() };
  }

  /** Opens a watch and throws away all it says until the signal aborts. */
  async drainWatch(path: string, signal: AbortSignal): Promise<void> {
    try {
      const { body } = await this.#pool.request({
        method: 'GET',
        path,
        headers: this.#headers,
        bodyTimeout: 0,
        signal,
      });
      for await (const _chunk of body) continue;
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  #request({ method, path, contentType, body }: RawRequest) {
    return this.#pool.request({
      method,
      path,
      headers: contentType === undefined ? this.#headers : { ...this.#headers, 'content-type': contentType },
      body: body ?? null,
    });
  }
}

/** Runs `work` on 0 … count-1, `inFlight` at once; the first failure ends it. */
export async function inParallel(
  count: number,
  inFlight: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, count) }, lane));
}

interface Kubeconfig {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } },
  ];
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}

function readKubeconfig(path: string): { server: string; ca: string; token: string } {
  const { clusters, users } = JSON.parse(readFileSync(path, 'utf8')) as Kubeconfig;
  const { server, 'certificate-authority-data': ca } = clusters[0].cluster;
  return { server, ca: Buffer.from(ca, 'base64').toString('utf8'), token: users[0].user.token };
}
