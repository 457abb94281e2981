import { OperatingError } from '#lib/errors/operating-error.ts';

export class PoolFullError extends OperatingError {
  constructor(queued: number) {
    super('pool_full', `${queued} requests wait already; try again later.`, { retryable: true });
  }
}

/** Runs at most `concurrency` jobs at once and lets at most `maxQueued` wait, in order. */
export class JobPool {
  readonly #concurrency: number;
  readonly #maxQueued: number;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(concurrency: number, maxQueued: number) {
    this.#concurrency = concurrency;
    this.#maxQueued = maxQueued;
  }

  /** Rejects with PoolFullError, with the signal's reason when it aborts while waiting, or as `job` does. */
  async run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await job();
    } finally {
      const next = this.#queue.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  /** Resolves holding a place: a free one, or the one that a finished job hands on. */
  #enter(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#running < this.#concurrency) {
      this.#running += 1;
      return Promise.resolve();
    }
    if (this.#queue.length >= this.#maxQueued) return Promise.reject(new PoolFullError(this.#queue.length));
    return new Promise((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(enter), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#queue.push(enter);
    });
  }
}
