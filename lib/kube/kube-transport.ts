import assert from 'node:assert/strict';
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { buildConnector, type Dispatcher, Pool } from 'undici';
import { KubeConfig as KubeConfigClass } from './kube-config-class.ts';
import { KubeConfigError } from './load-kube-config.ts';
import { fenceWrites, type WriteFence } from './write-fence.ts';

export interface TransportOptions {
  readonly config: KubeConfig;
  readonly userAgent: string;
  /** Most connections held open; each watch occupies one. */
  readonly connections: number;
  /** Holds writes back while it is not held; absent: none ever are. */
  readonly fence?: WriteFence | undefined;
}

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  /** Default `application/json`. */
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly headersTimeoutMs: number;
  /** 0 lets the body stay silent for ever: a watch has its own timer. */
  readonly bodyTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** How long credentials are used before the kubeconfig's token file, exec or OIDC plug-in is asked again. */
const CREDENTIALS_TTL_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** Shorter than the idle time-outs of common load balancers (60 s at AWS). */
const KEEP_ALIVE_MS = 30_000;

interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly readAtMs: number;
}

/**
 * One undici pool to the API server, with the kubeconfig's credentials. Tokens and client
 * certificates are read again as they rotate: headers at once, certificates with the next connection.
 */
export class KubeTransport {
  #config: KubeConfig;
  readonly #userAgent: string;
  readonly #basePath: string;
  readonly #pool: Pool;
  /** The pool, behind the fence. */
  readonly #dispatcher: Dispatcher;
  #credentials: Credentials | undefined;
  #reading: Promise<Credentials> | undefined;
  #connector: { readonly material: string; readonly connect: buildConnector.connector } | undefined;

  constructor(options: TransportOptions) {
    const server = options.config.getCurrentCluster()?.server;
    if (server === undefined) throw new KubeConfigError('The kubeconfig names no API server.');
    this.#config = options.config;
    this.#userAgent = options.userAgent;
    this.#basePath = new URL(server).pathname.replace(/\/$/, '');
    this.#pool = new Pool(new URL(server).origin, {
      connections: options.connections,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // One stream a connection: a lost connection then ends one watch, and undici's pool limit holds.
      allowH2: false,
      connect: (target, callback) => {
        // Every request reads the credentials first, so there is a connector before any connection.
        assert(this.#connector !== undefined);
        this.#connector.connect(target, callback);
      },
    });
    this.#dispatcher =
      options.fence === undefined ? this.#pool : this.#pool.compose(fenceWrites(options.fence));
  }

  async send(request: TransportRequest): Promise<Dispatcher.ResponseData> {
    const { headers } = await this.#currentCredentials();
    const response = await this.#dispatcher.request({
      method: request.method,
      path: this.#basePath + request.path,
      headers: {
        accept: request.accept ?? 'application/json',
        'user-agent': this.#userAgent,
        ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
        ...headers,
      },
      body: request.body ?? null,
      headersTimeout: request.headersTimeoutMs,
      bodyTimeout: request.bodyTimeoutMs,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    if (response.statusCode === 401) this.#distrustCredentials();
    return response;
  }

  /** Ends every request and closes every connection. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  /**
   * Asks the token file or plug-in anew with the next request. The kubeconfig's own caches go too: they
   * keep an exec plug-in's token without an expiry for ever, and go by the wall clock, which may jump.
   */
  #distrustCredentials(): void {
    this.#credentials = undefined;
    const { clusters, contexts, users, currentContext } = this.#config;
    this.#config = new KubeConfigClass();
    this.#config.loadFromOptions({ clusters, contexts, users, currentContext });
  }

  async #currentCredentials(): Promise<Credentials> {
    const known = this.#credentials;
    if (known !== undefined && performance.now() - known.readAtMs < CREDENTIALS_TTL_MS) return known;
    this.#reading ??= this.#readCredentials().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readCredentials(): Promise<Credentials> {
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const { ca, cert, key, rejectUnauthorized, servername } = options;
    const tls = Object.fromEntries(
      Object.entries({ ca, cert, key, rejectUnauthorized, servername }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim();
    if (options.auth) headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    this.#useTLS(tls);
    this.#credentials = { headers, readAtMs: performance.now() };
    return this.#credentials;
  }

  /** New certificates serve new connections; those that are open stay. */
  #useTLS(tls: Readonly<Record<string, unknown>>): void {
    const material = JSON.stringify(tls);
    if (this.#connector?.material === material) return;
    const connect = buildConnector({
      ...tls,
      allowH2: false,
      timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
    this.#connector = { material, connect };
  }
}
