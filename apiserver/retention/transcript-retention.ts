import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '../database/database.ts';
import { isUnavailable } from '../database/database-error.ts';
import { deleteTranscripts } from './delete-transcripts.ts';

export interface TranscriptRetentionOptions {
  /** As the worker role. */
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Between two looks for transcripts whose time is over. */
const PERIOD_MS = 600_000;
/** After Postgres was away. */
const RETRY_MS = 10_000;

/** Deletes transcripts when their tenant's `transcripts.retentionDays` are over. */
export class TranscriptRetention implements Service {
  readonly name = 'transcript retention';
  readonly #options: TranscriptRetentionOptions;
  readonly #loop: Loop;

  constructor(options: TranscriptRetentionOptions) {
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
      while (!signal.aborted && (await deleteTranscripts(database, new Date(clock.now()))));
      return PERIOD_MS;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      log.warn({ err: error }, 'transcripts could not be deleted yet');
      return RETRY_MS;
    }
  }
}
