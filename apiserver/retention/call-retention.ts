import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '../database/database.ts';
import { PeriodicWork } from '../database/periodic-work.ts';
import { deleteExpired, EXPIRING_KINDS } from './delete-expired.ts';

export interface CallRetentionOptions {
  /** As the worker role. */
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Between two looks for what is to be deleted. */
const PERIOD_MS = 600_000;

/**
 * Deletes what was said on calls, and what is known of their recordings, when the days are over that the tenant says in
 * `transcripts.retentionDays` and `recording.retentionDays`.
 */
export class CallRetention extends PeriodicWork {
  constructor({ database, clock, log }: CallRetentionOptions) {
    super({
      name: 'call retention',
      periodMs: PERIOD_MS,
      async round(signal) {
        for (const kind of EXPIRING_KINDS) {
          while (!signal.aborted && (await deleteExpired(database, kind, new Date(clock.now()))));
        }
      },
      putOff: 'what calls left could not be deleted yet',
      clock,
      log,
    });
  }
}
