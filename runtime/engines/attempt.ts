import type { Clock } from '#lib/clock/clock.ts';

/** The abort signal of one attempt at a request: the caller's, or ours when nothing came in time. */
export class Attempt {
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #onCallerAbort = () => this.#controller.abort(this.#caller.reason);
  #cancelTimer: (() => void) | undefined;
  #timedOut = false;

  constructor(clock: Clock, timeoutMs: number, caller: AbortSignal) {
    this.#clock = clock;
    this.#startedMs = clock.monotonic();
    this.#caller = caller;
    caller.addEventListener('abort', this.#onCallerAbort, { once: true });
    this.allow(timeoutMs);
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

  /** The consumer is busy with what came: the engine's time stands still. */
  pause(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** The attempt ends unless `allow`, `pause` or `end` is called within `timeoutMs` from now. */
  allow(timeoutMs: number): void {
    this.pause();
    this.#cancelTimer = this.#clock.after(timeoutMs, () => {
      this.#timedOut = true;
      this.#controller.abort(new Error('timed out'));
    });
  }

  end(): void {
    this.pause();
    this.#caller.removeEventListener('abort', this.#onCallerAbort);
  }
}
