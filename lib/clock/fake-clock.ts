import type { Clock } from './clock.ts';

interface Waiter {
  readonly dueMs: number;
  readonly fire: () => void;
}

/** A clock that stands still until `advance`. Timers fire in the order of their due times. */
export class FakeClock implements Clock {
  #nowMs: number;
  #waiters: Waiter[] = [];

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = () => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  after(ms: number, fn: () => void): () => void {
    const waiter: Waiter = { dueMs: this.#nowMs + Math.max(0, ms), fire: fn };
    this.#waiters.push(waiter);
    return () => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
    };
  }

  /** How many timers wait: 0 when nothing was left behind. */
  get pending(): number {
    return this.#waiters.length;
  }

  /** Moves time on by `ms`, firing what falls due and letting promises settle after each firing. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    for (;;) {
      await settle();
      const next = this.#waiters
        .filter((waiter) => waiter.dueMs <= endMs)
        .sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!next) break;
      this.#waiters = this.#waiters.filter((waiter) => waiter !== next);
      this.#nowMs = next.dueMs;
      next.fire();
    }
    this.#nowMs = endMs;
    await settle();
  }
}

/** One turn of the event loop: every promise that is ready has run, also those behind setImmediate. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
