import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '../database/database.ts';
import { PeriodicWork } from '../database/periodic-work.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { inviteContacts } from './invite-contacts.ts';

export interface ContactInviterOptions {
  /** As the worker role. */
  readonly database: Database;
  readonly jobs: Pick<JobQueue, 'send'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Between two looks for invitations that ran out. */
const PERIOD_MS = 3_600_000;

/** Invites contacts again whose invitation ran out: nothing changes at their Tenants then, so no follower is told. */
export class ContactInviter extends PeriodicWork {
  constructor({ database, jobs, clock, log }: ContactInviterOptions) {
    super({
      name: 'contact inviter',
      periodMs: PERIOD_MS,
      round: () => database.transaction((client) => inviteContacts(client, jobs, 'any')),
      putOff: 'contacts could not be invited again yet',
      clock,
      log,
    });
  }
}
