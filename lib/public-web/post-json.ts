import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { Client } from 'undici';

/** Opens TLS to one address, where the server must prove to be `hostname`. */
export type Dial = (target: Target, signal: AbortSignal) => Promise<TLSSocket>;

export interface Target {
  readonly address: string;
  readonly port: number;
  readonly hostname: string;
}

/** An answer, its body up to a bound. */
export interface Answer {
  readonly status: number;
  readonly mediaType: string;
  /** Undefined where it is longer than allowed or encoded in a way that was not asked for. */
  readonly text: string | undefined;
}

/**
 * One POST over a connection of its own, to the first of these addresses that takes one. Follows no
 * redirect, uses no proxy, and is never repeated once it may have been sent: `onSent` tells when.
 */
export async function postJSON(request: PostRequest): Promise<Answer> {
  const { url, body, headers, signal, onSent, maxAnswerBytes = MAX_ANSWER_BYTES } = request;
  const socket = await dialAny(request);
  let isTaken = false;
  const client = new Client(url.origin, {
    connect(_options, done) {
      // A client connects again where a connection ends before its request was written.
      const isAgain = isTaken;
      isTaken = true;
      // It expects its answer later, and not while it asks.
      queueMicrotask(() => (isAgain ? done(ENDED_EARLY, null) : done(null, socket)));
    },
  });
  try {
    onSent();
    const response = await client.request({
      method: 'POST',
      path: url.pathname + url.search,
      headers: { ...headers, 'content-type': 'application/json', accept: 'application/json, text/plain' },
      body,
      signal,
    });
    const mediaType = String(response.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
    const plain = response.headers['content-encoding'] === undefined;
    // Whoever does not read it still has to hear of its end.
    response.body.on('error', () => undefined);
    const text = plain && maxAnswerBytes > 0 ? await readUpTo(response.body, maxAnswerBytes) : undefined;
    return { status: response.statusCode, mediaType: mediaType.trim().toLowerCase(), text };
  } finally {
    await client.destroy();
    socket.destroy();
  }
}

export interface PostRequest {
  readonly url: URL;
  readonly addresses: readonly LookupAddress[];
  readonly dial: Dial;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onSent: () => void;
  /** How much of the answer is waited for; 0: nothing but its status. */
  readonly maxAnswerBytes?: number;
}

/** Nothing is sent by a connection that fails, so the next address is tried. */
async function dialAny({ url, addresses, dial, signal }: PostRequest): Promise<TLSSocket> {
  const hostname = url.hostname.replace(/^\[|\]$|\.$/g, '');
  const port = Number(url.port || 443);
  let failure: unknown;
  for (const { address } of addresses.slice(0, MAX_ADDRESSES)) {
    try {
      return await dial({ address, port, hostname }, signal);
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

/** Opens a connection by Node's own TLS, with the authorities that it trusts. */
export const dialTLS: Dial = ({ address, port, hostname }, signal) =>
  // A server of an address alone is asked for no name (RFC 6066), and proves the address.
  openTLS({ host: address, port, ...(isIP(hostname) === 0 ? { servername: hostname } : {}) }, signal);

/** Resolves once the server has proved who it is. */
export function openTLS(options: ConnectionOptions, signal: AbortSignal): Promise<TLSSocket> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const socket = connect({ ...options, ALPNProtocols: ['http/1.1'] }, () => resolve(socket));
  const onAbort = () => socket.destroy(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('error', reject);
  return promise.finally(() => signal.removeEventListener('abort', onAbort));
}

async function readUpTo(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** As much as a language model should read while a caller waits; more than anybody else asks for. */
const MAX_ANSWER_BYTES = 16 * 1024;
const MAX_ADDRESSES = 4;

const ENDED_EARLY = new Error('the connection ended before the request was written');
