import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import { isUnavailable } from './database-error.ts';

export interface PeriodicWorkOptions {
  readonly name: string;
  /** From the end of one round to the next. */
  readonly periodMs: number;
  /** One round; the signal aborts when the server ends. */
  readonly round: (signal: AbortSignal) => Promise<unknown>;
  /** What is logged where Postgres is away, and the round is tried again soon. */
  readonly putOff: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** After Postgres was away. */
const RETRY_MS = 10_000;

/** What has to be done in Postgres every so often. What a round throws besides that Postgres is away ends the service. */
export class PeriodicWork implements Service {
  readonly name: string;
  readonly #options: PeriodicWorkOptions;
  readonly #loop: Loop;

  constructor(options: PeriodicWorkOptions) {
    this.name = options.name;
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: (signal) => this.#step(signal) });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #step(signal: AbortSignal): Promise<number> {
    const { round, periodMs, putOff, log } = this.#options;
    try {
      await round(signal);
      return periodMs;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      log.warn({ err: error }, putOff);
      return RETRY_MS;
    }
  }
}
