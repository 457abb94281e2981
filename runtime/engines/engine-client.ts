import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '#lib/clock/clock.ts';
import { Attempt } from './attempt.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { EngineError } from './engine-error.ts';
import type { AnswerDecoder, EngineRequest, Exchange } from './exchange.ts';
import { readRefusal } from './read-refusal.ts';

/**
 * What every engine has: a keep-alive pool, a time-out for the answer and between its parts, one
 * retry while nothing was delivered yet, a breaker, and measurement. An adapter only makes requests
 * and reads answers. An abort by the caller is neither a failure nor retried.
 */
export class EngineClient {
  readonly name: string;
  readonly #options: EngineClientOptions;
  readonly #pool: Pool;
  readonly #basePath: string;
  readonly #breaker: CircuitBreaker;
  readonly #credentials: Readonly<Record<string, string>>;

  constructor(options: EngineClientOptions) {
    const url = new URL(options.endpoint);
    this.name = options.name;
    this.#options = options;
    this.#basePath = url.pathname.replace(/\/$/, '');
    // The time-outs below are ours, by the injected clock; undici's own would only repeat them.
    this.#pool = new Pool(url.origin, {
      connections: options.connections ?? 64,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: options.timeoutMs },
    });
    this.#breaker = new CircuitBreaker(options.clock);
    const { apiKey } = options;
    this.#credentials = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  }

  /**
   * The parts of a 2xx answer, as they come. The request is made anew once, if it fails fast and
   * before the first part.
   */
  async *exchange<Part>(exchange: Exchange<Part>, signal: AbortSignal): AsyncGenerator<Part, void> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      if (!this.#breaker.admits())
        throw this.#failure('resting', new EngineError(this.name, 'engine_resting'));
      const run = new Attempt(this.#options.clock, this.#options.timeoutMs, signal);
      let delivered = false;
      let settled = false;
      try {
        for await (const part of this.#parts(exchange, run)) {
          if (!delivered) this.#options.observer.answered(this.name, run.elapsedMs());
          delivered = true;
          run.pause();
          yield part;
          run.allow(this.#stallTimeoutMs);
        }
        settled = true;
        this.#breaker.succeeded();
        this.#options.observer.finished(this.name, 'ok');
        return;
      } catch (cause) {
        settled = true;
        const error = this.#judge(cause, run, signal);
        if (delivered || attempt >= MAX_ATTEMPTS || !isWorthRetrying(error)) throw error;
      } finally {
        run.end();
        if (!settled) this.#abandoned();
      }
    }
  }

  /** The whole body of a 2xx answer; more than `maxBytes` is refused. */
  async read(make: () => EngineRequest, signal: AbortSignal, maxBytes: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of this.exchange({ request: make, decoder: () => AS_IT_COMES }, signal)) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw this.#failure('refused', new EngineError(this.name, 'engine_refused'));
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  get #stallTimeoutMs(): number {
    return this.#options.stallTimeoutMs ?? this.#options.timeoutMs;
  }

  async *#parts<Part>(exchange: Exchange<Part>, run: Attempt): AsyncGenerator<Part, void> {
    const { headers, body } = await this.#answer(exchange, run);
    const decoder = exchange.decoder(mediaTypeOf(headers['content-type']));
    try {
      for await (const chunk of body) {
        yield* this.#understood(decoder.push(chunk));
        // The end of the body is waited for a moment only, so that the connection can be kept.
        if (decoder.done) run.allow(LINGER_MS);
      }
    } catch (error) {
      if (!decoder.done) throw error;
    }
    yield* this.#understood(decoder.end());
  }

  /** What a decoder cannot read is an answer that the interface does not have. */
  *#understood<Part>(parts: Iterable<Part>): Generator<Part> {
    try {
      yield* parts;
    } catch (cause) {
      throw cause instanceof EngineError ? cause : new EngineError(this.name, 'engine_refused', { cause });
    }
  }

  async #answer(exchange: Exchange<unknown>, run: Attempt): Promise<Dispatcher.ResponseData> {
    const { method = 'POST', path, headers, body = null } = exchange.request();
    const response = await this.#pool.request({
      method,
      path: this.#basePath + path,
      headers: { ...headers, ...this.#credentials },
      body,
      signal: run.signal,
    });
    if (response.statusCode >= 200 && response.statusCode <= 299) return response;
    throw await readRefusal(this.name, response, exchange);
  }

  /** Turns what was thrown into our error and counts it; an abort by the caller is passed on as it is. */
  #judge(cause: unknown, run: Attempt, signal: AbortSignal): EngineError {
    if (signal.aborted) {
      this.#abandoned();
      throw signal.reason;
    }
    const error =
      cause instanceof EngineError
        ? cause
        : new EngineError(this.name, run.timedOut ? 'engine_timeout' : 'engine_unavailable', { cause });
    // A refused request says that the engine is there.
    if (OUTCOMES[error.code] === 'refused') this.#breaker.succeeded();
    else this.#breaker.failed(error.retryAfterMs);
    return this.#failure(OUTCOMES[error.code], error);
  }

  #abandoned(): void {
    this.#breaker.abandoned();
    this.#options.observer.finished(this.name, 'aborted');
  }

  #failure(outcome: EngineOutcome, error: EngineError): EngineError {
    this.#options.observer.finished(this.name, outcome);
    return error;
  }
}

export interface EngineClientOptions {
  readonly name: string;
  /** The base URL, without the path of the API. */
  readonly endpoint: string;
  /** Sent with every request as a bearer token. */
  readonly apiKey?: string;
  readonly clock: Clock;
  /** For connecting and for the first part of the answer together. */
  readonly timeoutMs: number;
  /** Between its parts; absent: as long as for the first. */
  readonly stallTimeoutMs?: number;
  readonly observer: EngineObserver;
  /** Connections at most; a request that finds none free waits within its time-out. */
  readonly connections?: number;
}

export type EngineOutcome = 'ok' | 'aborted' | 'refused' | 'unavailable' | 'busy' | 'timeout' | 'resting';

/** Told of every attempt, for metrics. */
export interface EngineObserver {
  /** The first part of an answer came after `ms`. */
  answered(engine: string, ms: number): void;
  finished(engine: string, outcome: EngineOutcome): void;
}

const MAX_ATTEMPTS = 2;
const LINGER_MS = 250;

const OUTCOMES = {
  engine_refused: 'refused',
  engine_context_exceeded: 'refused',
  engine_unavailable: 'unavailable',
  engine_busy: 'busy',
  engine_timeout: 'timeout',
  engine_resting: 'resting',
} as const satisfies Record<EngineError['code'], EngineOutcome>;

const AS_IT_COMES: AnswerDecoder<Buffer> = { push: (chunk) => [chunk], end: () => [], done: false };

/** A caller who waited for a time-out waits no second one; a busy engine is not pressed. */
function isWorthRetrying(error: EngineError): boolean {
  return error.code === 'engine_unavailable' && error.retryAfterMs === undefined;
}

function mediaTypeOf(header: string | string[] | undefined): string {
  return (
    String(header ?? '')
      .split(';', 1)[0]
      ?.trim()
      .toLowerCase() ?? ''
  );
}
