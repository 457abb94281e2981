import type { Clock } from '#lib/clock/clock.ts';

export interface LoopOptions {
  readonly clock: Clock;
  /** Does its work once and says in how many milliseconds it wants to be called again; undefined ends the loop. */
  readonly step: (signal: AbortSignal) => Promise<number | undefined>;
  /** The first step waits for this. */
  readonly after?: Promise<unknown>;
}

/**
 * The inside of a Service that does the same thing again and again: one step at a time, until it is done
 * or until `stop`, which aborts the step's signal and waits for its end. What a step throws ends the loop and goes to
 * `fail`, unless the loop was being stopped.
 */
export class Loop {
  readonly #options: LoopOptions;
  readonly #ending = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  start(fail: (error: unknown) => void): void {
    this.#running = this.#run().catch((error: unknown) => {
      if (!this.#ending.signal.aborted) fail(error);
    });
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#ended.resolve();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, step, after } = this.#options;
    const { signal } = this.#ending;
    await Promise.race([after, this.#ended.promise]);
    while (!signal.aborted) {
      const delayMs = await step(signal);
      if (delayMs === undefined) return;
      await clock.sleep(delayMs, signal).catch(() => undefined);
    }
  }
}
