import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '#lib/clock/clock.ts';
import { EngineClient, type EngineOutcome } from '../engine-client.ts';

/**
 * A real HTTP server that answers each request by the next entry of its script, once `wrong` finds
 * nothing wrong with it: a request that a strict server would refuse is answered 400.
 */
export async function engineServer(script: Answer[], options: EngineServerOptions = {}) {
  const requests: EngineRequestSeen[] = [];
  const sockets = new Set<unknown>();
  const server = createServer((request, response) => void serve(request, response));
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk);
    sockets.add(request.socket);
    requests.push({
      path: request.url ?? '',
      contentType: request.headers['content-type'] ?? '',
      authorization: request.headers.authorization,
      body: Buffer.concat(body),
    });
    const wrong = options.wrong?.(Buffer.concat(body));
    const answer = wrong === undefined ? script.shift() : status(400, { error: { message: wrong } });
    if (answer) await answer(response);
    else response.writeHead(500).end();
  }
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const outcomes: EngineOutcome[] = [];
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new EngineClient({
    name: 'under test',
    endpoint,
    clock: systemClock,
    timeoutMs: options.timeoutMs ?? 5_000,
    ...(options.stallTimeoutMs === undefined ? {} : { stallTimeoutMs: options.stallTimeoutMs }),
    observer: { answered: () => {}, finished: (_engine, outcome) => outcomes.push(outcome) },
  });
  return {
    client,
    endpoint,
    requests,
    outcomes,
    /** How many connections the requests came by. */
    connections: () => sockets.size,
    async close(): Promise<void> {
      await client.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

export interface EngineServerOptions {
  /** The client's time-outs, on the real clock. */
  readonly timeoutMs?: number;
  readonly stallTimeoutMs?: number;
  readonly wrong?: (body: Buffer) => string | undefined;
}

export type Answer = (response: ServerResponse) => void | Promise<void>;

interface EngineRequestSeen {
  readonly path: string;
  readonly contentType: string;
  readonly authorization: string | undefined;
  readonly body: Buffer;
}

/** Chunks that reach the client one by one. */
export function chunks(...parts: readonly Buffer[]): Answer {
  return chunksOf('application/octet-stream', ...parts);
}

/** The same with a media type of its own. */
export function chunksOf(mediaType: string, ...parts: readonly Buffer[]): Answer {
  return async (response) => {
    response.writeHead(200, { 'content-type': mediaType });
    for (const part of parts) {
      response.write(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  };
}

export function json(value: unknown): Answer {
  return (response) => void response.writeHead(200).end(JSON.stringify(value));
}

export function status(code: number, body: object = { error: 'no' }, headers = {}): Answer {
  return (response) => void response.writeHead(code, headers).end(JSON.stringify(body));
}

/** Takes the request and never answers. */
export const hang: Answer = () => {};

/** Starts to answer, then breaks the connection. */
export function breakAfter(part: Buffer): Answer {
  return (response) => {
    response.writeHead(200);
    response.write(part, () => response.destroy());
  };
}
