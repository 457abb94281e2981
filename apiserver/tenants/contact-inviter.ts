import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '../database/database.ts';
import { isUnavailable } from '../database/database-error.ts';
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
/** After Postgres was away. */
const RETRY_MS = 10_000;

/** Invites contacts again whose invitation ran out: nothing changes at their Tenants then, so no follower is told. */
export class ContactInviter implements Service {
  readonly name = 'contact inviter';
  readonly #options: ContactInviterOptions;
  readonly #loop: Loop;

  constructor(options: ContactInviterOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: () => this.#step() });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #step(): Promise<number> {
    const { database, jobs, log } = this.#options;
    try {
      await database.transaction((client) => inviteContacts(client, jobs, 'any'));
      return PERIOD_MS;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      log.warn({ err: error }, 'contacts could not be invited again yet');
      return RETRY_MS;
    }
  }
}
