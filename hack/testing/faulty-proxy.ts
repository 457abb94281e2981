import {
  createServer,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { type Fault, FaultRules, type ProxiedRequest, WRITE_METHODS } from './fault-rules.ts';

/** A request that the proxy has seen. */
export interface SeenRequest extends ProxiedRequest {
  /** Of the reply that the client was sent or was to be sent; 0 when the API server gave none. */
  readonly status: number;
  /** Of performance.now(), when the request came. */
  readonly atMs: number;
  /** What was sent with a write, its beginning; empty where it was not read. */
  readonly body: string;
}

interface OpenReply {
  readonly request: ProxiedRequest;
  readonly response: ServerResponse;
  isSilent: boolean;
}

/** Comes before the API server's own paths where a kubeconfig was made for a client. */
const CLIENTS = '/clients/';
const NAMED = new RegExp(`^(?:${CLIENTS}([^/]+))?(/.*)$`);
const MAX_SEEN = 200_000;
/** Enough of a write to see what it says. */
const MAX_BODY_BYTES = 4_096;

/**
 * Stands between programs and an API server and does to their requests what `rules` say. Clients speak
 * plain HTTP on loopback with it, and it HTTPS with the API server; their tokens pass through.
 */
export class FaultyProxy {
  readonly rules = new FaultRules();
  readonly #upstream: URL;
  readonly #agent: Agent | PlainAgent;
  readonly #server: Server;
  readonly #open = new Set<OpenReply>();
  #seen: SeenRequest[] = [];
  #port = 0;

  private constructor(upstream: URL, tls: RequestOptions) {
    this.#upstream = upstream;
    this.#agent =
      upstream.protocol === 'https:'
        ? new Agent({ keepAlive: true, ...(tls.ca === undefined ? {} : { ca: tls.ca }) })
        : new PlainAgent({ keepAlive: true });
    this.#server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (incoming, response) => {
      void this.#serve(incoming, response).catch(() => response.socket?.destroy());
    });
  }

  /** Listens on a free port, in front of the API server of this kubeconfig's current context. */
  static async start(config: KubeConfig): Promise<FaultyProxy> {
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) throw new Error('the kubeconfig names no API server');
    const tls: RequestOptions = {};
    await config.applyToHTTPSOptions(tls);
    const proxy = new FaultyProxy(new URL(server), tls);
    await proxy.resume();
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /**
   * The same user and context as `config`, through this proxy. Plain HTTP has no certificate to check.
   * Requests of programs that share the proxy are told apart by `client`.
   */
  kubeConfig(config: KubeConfig, client = ''): KubeConfig {
    const server = client === '' ? this.url : `${this.url}${CLIENTS}${client}`;
    const through = new KubeConfig();
    through.loadFromString(config.exportConfig());
    const { name } = config.getCurrentCluster() ?? {};
    through.clusters = through.clusters.map((cluster) =>
      cluster.name === name ? { name, server, skipTLSVerify: true } : cluster,
    );
    return through;
  }

  /** The latest requests, oldest first; watches are there from their beginning. */
  get seen(): readonly SeenRequest[] {
    return this.#seen;
  }

  /** What of it would change something, renewals of Leases left out. */
  get writes(): readonly SeenRequest[] {
    return this.#seen.filter((one) => WRITE_METHODS.includes(one.method) && !one.path.includes('/leases'));
  }

  forget(): void {
    this.#seen = [];
  }

  /** Cuts every connection: requests under way and watches end with an error. */
  cutConnections(): void {
    this.#server.closeAllConnections();
  }

  /** From now on the watches that are open, and fit, say nothing more; their connections stay. */
  silenceWatches(path = /./): void {
    for (const open of this.#openWatches(path)) open.isSilent = true;
  }

  /** Writes text into the fitting watches between two events, such as an ERROR event and its newline. */
  sendToWatches(text: string, path = /./): void {
    for (const { response } of this.#openWatches(path)) response.write(text);
  }

  openWatches(path = /./): readonly ProxiedRequest[] {
    return this.#openWatches(path).map((open) => open.request);
  }

  /** Refuses connections, as an API server that is away does, and cuts those that are there. */
  async pause(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cutConnections();
    await closed;
  }

  /** Listens again, on the same port. */
  async resume(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.pause();
    this.#agent.destroy();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = requestOf(incoming);
    const atMs = performance.now();
    const body = beginningOf(incoming);
    const rule = this.rules.take(asked);
    const fault = rule?.fault;
    const note = (status: number) => {
      this.#seen.push({ ...asked, status, atMs, body: body() });
      if (this.#seen.length > MAX_SEEN) this.#seen.shift();
    };
    if (fault !== undefined && fault.kind !== 'loseReply') await rule?.onStrike?.(asked);
    if (fault?.kind === 'hold') return note(0);
    if (fault?.kind === 'drop') {
      note(0);
      response.socket?.destroy();
      return;
    }
    if (fault?.kind === 'answer') {
      note(fault.status);
      await answer(incoming, response, fault);
      return;
    }
    if (fault?.kind === 'delay') await sleep(fault.delayMs);
    const reply = await this.#forward(incoming, response);
    note(reply.statusCode ?? 0);
    if (fault?.kind === 'loseReply') {
      reply.resume();
      await rule?.onStrike?.(asked);
      response.socket?.destroy();
      return;
    }
    await this.#passBack(asked, { reply, response }, fault);
  }

  #forward(incoming: IncomingMessage, response: ServerResponse): Promise<IncomingMessage> {
    const send = this.#upstream.protocol === 'https:' ? request : plainRequest;
    const outgoing = send(this.#upstream, {
      agent: this.#agent,
      method: incoming.method ?? 'GET',
      path: requestOf(incoming).path,
      headers: { ...incoming.headers, host: this.#upstream.host, connection: 'keep-alive' },
    });
    response.once('close', () => outgoing.destroy());
    return new Promise((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.on('error', reject);
      incoming.pipe(outgoing);
    });
  }

  async #passBack(
    asked: ProxiedRequest,
    { reply, response }: { reply: IncomingMessage; response: ServerResponse },
    fault: Fault | undefined,
  ): Promise<void> {
    const open: OpenReply = { request: asked, response, isSilent: fault?.kind === 'silence' };
    const { connection: _hop, ...headers } = reply.headers;
    response.writeHead(reply.statusCode ?? 502, headers);
    response.flushHeaders();
    let left = fault?.kind === 'cutBody' ? fault.afterBytes : Number.POSITIVE_INFINITY;
    const gate = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        const part = chunk.subarray(0, Math.min(left, chunk.length));
        left -= part.length;
        if (!open.isSilent) response.write(part);
        if (left <= 0) response.socket?.destroy();
        done();
      },
    });
    this.#open.add(open);
    response.once('close', () => this.#open.delete(open));
    gate.resume();
    await pipeline(reply, gate);
    // The end of a silent reply would be bytes too.
    if (!open.isSilent) response.end();
  }

  #openWatches(path: RegExp): OpenReply[] {
    return [...this.#open].filter((open) => open.request.isWatch && path.test(open.request.path));
  }
}

function requestOf(incoming: IncomingMessage): ProxiedRequest {
  const [, client = '', path = '/'] = NAMED.exec(incoming.url ?? '/') ?? [];
  return {
    method: incoming.method ?? 'GET',
    path,
    isWatch: ['true', '1'].includes(new URL(path, 'http://proxy').searchParams.get('watch') ?? ''),
    userAgent: incoming.headers['user-agent'] ?? '',
    client,
  };
}

/** Notes the beginning of a write's body as somebody else reads it. */
function beginningOf(incoming: IncomingMessage): () => string {
  const parts: Buffer[] = [];
  let left = WRITE_METHODS.includes(incoming.method ?? '') ? MAX_BODY_BYTES : 0;
  incoming.on('data', (chunk: Buffer) => {
    if (left > 0) parts.push(chunk.subarray(0, left));
    left -= chunk.length;
  });
  incoming.pause();
  return () => Buffer.concat(parts).toString('utf8');
}

/** Replies as the API server itself would have, once the client has sent its whole request. */
async function answer(
  incoming: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Fault & { kind: 'answer' },
): Promise<void> {
  await incoming.resume().toArray();
  const failure = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, message: 'a fault' };
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body ?? { ...failure, reason: REASONS[status] ?? 'InternalError' }));
}

/** The API server's reason for a status, where it is what clients go by. */
const REASONS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};
