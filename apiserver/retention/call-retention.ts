import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '../database/database.ts';
import { isUnavailable } from '../database/database-error.ts';
import { deleteExpired, EXPIRING_KINDS } from './delete-expired.ts';

export interface CallRetentionOptions {
  /** As the worker role. */
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Between two looks for what is to be deleted. */
const PERIOD_MS = 600_000;
/** After Postgres was away. */
const RETRY_MS = 10_000;

/**
 * Deletes what was said on calls, and what is known of their recordings, when the days are over that the tenant says in
 * `transcripts.retentionDays` and `recording.retentionDays`.
 */
export class CallRetention implements Service {
  readonly name = 'call retention';
  readonly #options: CallRetentionOptions;
  readonly #loop: Loop;

  constructor(options: CallRetentionOptions) {
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
    const { database, clock, log } = this.#options;
    try {
      for (const kind of EXPIRING_KINDS) {
        while (!signal.aborted && (await deleteExpired(database, kind, new Date(clock.now()))));
      }
      return PERIOD_MS;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      log.warn({ err: error }, 'what calls left could not be deleted yet');
      return RETRY_MS;
    }
  }
}
