import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAbort } from '#lib/errors/operating-error.ts';
import { HttpServer } from '#lib/http/http-server.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import { type ChatEngine, chat } from './chat-route.ts';
import type { Grammar } from './grammar.ts';
import { JobPool, PoolFullError } from './job-pool.ts';
import { OpenAIError } from './openai-error.ts';
import { Orders } from './orders.ts';
import { endOrders, takeOrders } from './orders-route.ts';
import { Pocketsphinx } from './pocketsphinx.ts';
import { speak } from './speech-route.ts';
import { transcribe } from './transcription-route.ts';

export interface EnginesServerOptions {
  readonly host: string;
  /** 0 takes a free one; read `port` after the start. */
  readonly port: number;
  readonly log: Logger;
  /** The PATH in which the speech programs are looked for. */
  readonly path: string;
  /** Speech programs at once, for each of the two kinds. */
  readonly concurrency: number;
  readonly maxQueued: number;
  /** What the recogniser expects until it gets orders; absent: any English. */
  readonly grammar?: Grammar | undefined;
  /** The language model: what it answers, and how fast. */
  readonly chat: Omit<ChatEngine, 'orders' | 'signal'>;
}

type Route = (request: IncomingMessage, response: ServerResponse, signal: AbortSignal) => Promise<void>;

/** The OpenAI-compatible engines. */
export class EnginesServer implements Service {
  readonly name = 'engines';
  readonly #options: EnginesServerOptions;
  readonly #server: HttpServer;
  readonly #recogniser: Pocketsphinx;

  constructor(options: EnginesServerOptions) {
    this.#options = options;
    const { host, port, log } = options;
    this.#recogniser = new Pocketsphinx({ path: options.path });
    const routes = routesOf(options, this.#recogniser);
    this.#server = new HttpServer({
      name: this.name,
      host,
      port,
      log,
      listener: (request, response) => {
        const key = `${request.method} ${request.url?.split('?', 1)[0]}`;
        void serve(routes.get(key) ?? notFound, request, response, log);
      },
    });
  }

  get port(): number {
    return this.#server.port;
  }

  start(fail: (error: unknown) => void): Promise<void> {
    this.#recogniser.standBy(this.#options.grammar, this.#options.log);
    return this.#server.start(fail);
  }

  drain(): Promise<void> {
    return this.#server.drain();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    this.#recogniser.close();
  }
}

function routesOf(options: EnginesServerOptions, recogniser: Pocketsphinx): ReadonlyMap<string, Route> {
  const hearing = new JobPool(options.concurrency, options.maxQueued);
  const speaking = new JobPool(options.concurrency, options.maxQueued);
  const orders = new Orders(options.chat.clock);
  orders.grammar = options.grammar;
  return new Map<string, Route>([
    [
      'POST /v1/audio/transcriptions',
      (request, response, signal) =>
        transcribe(request, response, { recogniser, pool: hearing, orders, signal, log: options.log }),
    ],
    [
      'POST /v1/audio/speech',
      (request, response, signal) => speak(request, response, { pool: speaking, orders, signal }),
    ],
    [
      'POST /v1/chat/completions',
      (request, response, signal) => chat(request, response, { ...options.chat, orders, signal }),
    ],
    [
      'PUT /_engines/orders',
      (request, response, signal) => takeOrders(request, response, { orders, signal }),
    ],
    ['DELETE /_engines/orders', async (_request, response) => endOrders(response, orders)],
    ['GET /v1/models', async (_request, response) => sendJSON(response, models)],
    [
      'GET /health',
      async (_request, response) => {
        await recogniser.check();
        sendJSON(response, { status: 'healthy' });
      },
    ],
  ]);
}

/** Any model name is taken, since a runtime names the model of the engine that this one stands for. */
const models = {
  object: 'list',
  data: [
    { id: 'pocketsphinx', object: 'model', owned_by: 'cmusphinx' },
    { id: 'flite', object: 'model', owned_by: 'festvox' },
    { id: 'rules', object: 'model', owned_by: 'veralux' },
  ],
};

async function serve(
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
  log: Logger,
): Promise<void> {
  // A client that goes away aborts what works for it, down to the child process.
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    await route(request, response, gone.signal);
  } catch (error) {
    if (gone.signal.aborted || isAbort(error)) return;
    const reply = asOpenAIError(error);
    if (reply.status >= 500) log.error({ err: error, url: request.url }, 'an engine failed');
    // Once audio has been sent, only a broken connection can tell that more was to come.
    if (response.headersSent) response.destroy();
    else reply.send(response);
  }
}

function asOpenAIError(error: unknown): OpenAIError {
  if (error instanceof OpenAIError) return error;
  if (error instanceof PoolFullError) return new OpenAIError(503, 'overloaded', error.message);
  return new OpenAIError(500, 'engine_failed', error instanceof Error ? error.message : 'The engine failed.');
}

const notFound: Route = async (request) => {
  throw new OpenAIError(404, 'unknown_url', `There is nothing at ${request.method} ${request.url}.`);
};

function sendJSON(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
