/** One request to the API server and its reply or error: what all methods of the client stand on. */
import type { KubeConfig } from '@kubernetes/client-node';
import { type Clock, systemClock } from '#lib/clock/clock.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import { KubeError, kubeErrorOf } from './kube-error.ts';
import { KubeTransport, type TransportRequest } from './kube-transport.ts';
import { RequestGate } from './request-gate.ts';
import { type WriteFence, WriteFenced } from './write-fence.ts';

export interface KubeClientOptions {
  readonly config: KubeConfig;
  /** Sent as User-Agent: `veralux-operator`. */
  readonly userAgent: string;
  /** Until the reply's head, and between two parts of its body. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** Most connections to the API server; each watch keeps one. Default 64. */
  readonly connections?: number;
  /** Told of every request that ended: `status` is HTTP's as text, or `<error>`. */
  readonly onRequest?: (method: string, status: string) => void;
  /** Holds writes back while it is not held: they throw `WriteFenced`. */
  readonly fence?: WriteFence | undefined;
  readonly clock?: Clock;
}

interface CallOptions {
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: object;
  readonly signal?: AbortSignal | undefined;
  /** The kind that a 429 holds back with this one; absent: none. */
  readonly gate?: string;
}

export class KubeRequests {
  readonly #transport: KubeTransport;
  readonly #requestTimeoutMs: number;
  readonly #onRequest: (method: string, status: string) => void;
  readonly #gate: RequestGate;

  constructor(options: KubeClientOptions) {
    this.#transport = new KubeTransport({
      config: options.config,
      userAgent: options.userAgent,
      connections: options.connections ?? 64,
      fence: options.fence,
    });
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
    this.#onRequest = options.onRequest ?? (() => undefined);
    this.#gate = new RequestGate(options.clock ?? systemClock);
  }

  /** Sends and reads the whole reply. */
  async call(method: TransportRequest['method'], path: string, options: CallOptions): Promise<unknown> {
    const request = this.#requestOf(method, path, options);
    const response = await this.#send({ ...request, bodyTimeoutMs: this.#requestTimeoutMs }, options.gate);
    try {
      return await response.body.json();
    } catch (error) {
      throw transportError(error, options.signal);
    }
  }

  /** Sends a GET whose reply goes on: its silence is bounded by nothing here. */
  async stream(path: string, options: CallOptions): Promise<AsyncIterable<Uint8Array>> {
    const request = this.#requestOf('GET', path, options);
    const response = await this.#send({ ...request, bodyTimeoutMs: 0 }, options.gate);
    return response.body;
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  #requestOf(method: TransportRequest['method'], path: string, options: CallOptions) {
    const { accept, contentType, body, signal } = options;
    return {
      method,
      path,
      ...(accept === undefined ? {} : { accept }),
      ...(contentType === undefined ? {} : { contentType }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headersTimeoutMs: this.#requestTimeoutMs,
      signal,
    };
  }

  /** Turns every failure into a KubeError, an abort into the signal's reason. */
  async #send(request: TransportRequest, gate: string | undefined) {
    if (gate !== undefined) await this.#gate.pass(gate, request.signal);
    const response = await this.#transport.send(request).catch((error: unknown) => {
      this.#onRequest(request.method, '<error>');
      throw transportError(error, request.signal);
    });
    this.#onRequest(request.method, String(response.statusCode));
    if (response.statusCode >= 200 && response.statusCode < 300) return response;
    const text = await response.body.text().catch((error: unknown) => {
      throw transportError(error, request.signal);
    });
    const header = response.headers['retry-after'];
    const retryAfter = Array.isArray(header) ? header[0] : header;
    const failure = kubeErrorOf(response.statusCode, parseJSON(text), retryAfter);
    if (gate !== undefined && isOverload(failure)) this.#gate.close(gate, failure.retryAfterMs ?? 0);
    throw failure;
  }
}

/** The error of a request without a usable reply; the signal's reason when we ended it ourselves. */
export function transportError(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof WriteFenced) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return new KubeError({
    status: 0,
    reason: code.includes('TIMEOUT') ? 'Timeout' : 'Unreachable',
    message: `The API server could not be reached: ${messageOf(error)}`,
    cause: error,
  });
}

function isOverload(failure: KubeError): boolean {
  return failure.status === 429 || failure.status === 503;
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
