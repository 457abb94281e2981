import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '#lib/clock/clock.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { EngineError } from './engine-error.ts';

/**
 * What every engine has: a keep-alive pool, a time-out for the answer and between its chunks, one
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
   * The body of a 2xx answer, chunk by chunk. The request is made anew once, if it fails before the
   * first chunk: `make` is called for each attempt.
   */
  async *stream(make: () => EngineRequest, signal: AbortSignal): AsyncGenerator<Buffer, void> {
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      if (!this.#breaker.admits())
        throw this.#failure('resting', new EngineError(this.name, 'engine_resting'));
      const run = new Attempt(this.#options.clock, this.#options.timeoutMs, signal);
      let delivered = false;
      let settled = false;
      try {
        for await (const chunk of this.#body(make(), run)) {
          if (!delivered) this.#options.observer.answered(this.name, run.elapsedMs());
          delivered = true;
          run.pause();
          yield chunk;
          run.resume();
        }
        settled = true;
        this.#breaker.succeeded();
        this.#options.observer.finished(this.name, 'ok');
        return;
      } catch (cause) {
        settled = true;
        const error = this.#judge(cause, run, signal);
        if (delivered || attempt >= MAX_ATTEMPTS || !error.retryable) throw error;
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
    for await (const chunk of this.stream(make, signal)) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw this.#failure('refused', new EngineError(this.name, 'engine_refused'));
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  async *#body(request: EngineRequest, run: Attempt): AsyncGenerator<Buffer, void> {
    const response = await this.#pool.request({
      method: 'POST',
      path: this.#basePath + request.path,
      headers: { ...request.headers, ...this.#credentials },
      body: request.body,
      signal: run.signal,
    });
    if (response.statusCode < 200 || response.statusCode > 299) {
      await response.body.dump();
      const code = isPassing(response.statusCode) ? 'engine_unavailable' : 'engine_refused';
      throw new EngineError(this.name, code, new Error(`HTTP status ${response.statusCode}`));
    }
    for await (const chunk of response.body) yield chunk;
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
        : new EngineError(this.name, run.timedOut ? 'engine_timeout' : 'engine_unavailable', cause);
    // A refused request says that the engine is there.
    if (error.code === 'engine_refused') this.#breaker.succeeded();
    else this.#breaker.failed();
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
  /** For connecting, for the first bytes of the answer, and between its chunks. */
  readonly timeoutMs: number;
  readonly observer: EngineObserver;
  /** Connections at most; a request that finds none free waits within its time-out. */
  readonly connections?: number;
}

export interface EngineRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: NonNullable<Dispatcher.DispatchOptions['body']>;
}

export type EngineOutcome = 'ok' | 'aborted' | 'refused' | 'unavailable' | 'timeout' | 'resting';

/** Told of every attempt, for metrics. */
export interface EngineObserver {
  /** The first bytes of an answer came after `ms`. */
  answered(engine: string, ms: number): void;
  finished(engine: string, outcome: EngineOutcome): void;
}

const MAX_ATTEMPTS = 2;

const OUTCOMES = {
  engine_refused: 'refused',
  engine_unavailable: 'unavailable',
  engine_timeout: 'timeout',
  engine_resting: 'resting',
} as const satisfies Record<EngineError['code'], EngineOutcome>;

/** 429 and 5xx pass; other refusals come again. */
function isPassing(status: number): boolean {
  return status === 429 || status >= 500;
}

/** One attempt's abort signal: the caller's, or ours when nothing came in time. */
class Attempt {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #startedMs: number;
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #onCallerAbort = () => this.#controller.abort(this.#caller.reason);
  #cancelTimer: (() => void) | undefined;
  #timedOut = false;

  constructor(clock: Clock, timeoutMs: number, caller: AbortSignal) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#startedMs = clock.monotonic();
    this.#caller = caller;
    caller.addEventListener('abort', this.#onCallerAbort, { once: true });
    this.resume();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get timedOut(): boolean {
    return this.#timedOut;
  }

  elapsedMs(): number {
    return this.#clock.monotonic() - this.#startedMs;
  }

  /** The consumer is busy with a chunk: the engine's time stands still. */
  pause(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  resume(): void {
    this.pause();
    this.#cancelTimer = this.#clock.after(this.#timeoutMs, () => {
      this.#timedOut = true;
      this.#controller.abort(new Error('timed out'));
    });
  }

  end(): void {
    this.pause();
    this.#caller.removeEventListener('abort', this.#onCallerAbort);
  }
}
