import type { JobResult, PgBoss } from 'pg-boss';
import type { Share } from './job-queues.ts';

/** A job as it is fetched. */
export interface FetchedJob {
  readonly id: string;
  readonly data: unknown;
}

export interface QueueWorkersOptions {
  readonly boss: PgBoss;
  readonly queue: string;
  readonly share: Share;
  /** Does a job and says what came of it; never throws. */
  readonly run: (job: FetchedJob) => Promise<JobResult>;
}

/**
 * The places of one replica on one queue, each a worker with a job at a time. One that finds a job wakes another and
 * looks again itself when it is done: so a full queue is worked off as fast as it goes, and an empty one costs a look
 * now and then.
 */
export class QueueWorkers {
  readonly #options: QueueWorkersOptions;
  /** By pg-boss's ids. */
  readonly #workers = new Map<string, 'Idle' | 'Busy'>();

  constructor(options: QueueWorkersOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    for (let place = 0; place < this.#options.share.atOnce; place += 1) await this.#startWorker();
  }

  /** Has the queue looked at now instead of at the next poll: by one that is idle, as a busy one looks when it is done. */
  wake(): void {
    for (const [id, state] of this.#workers) {
      if (state === 'Idle') {
        this.#options.boss.notifyWorker(id);
        return;
      }
    }
  }

  async #startWorker(): Promise<void> {
    const { boss, queue, share, run } = this.#options;
    const { pollingSeconds: pollingIntervalSeconds, atOnceOfGroup } = share;
    const id = await boss.work(
      queue,
      {
        pollingIntervalSeconds,
        batchSize: 1,
        perJobResults: true,
        ...(atOnceOfGroup === undefined ? {} : { localGroupConcurrency: atOnceOfGroup }),
      },
      async (jobs) => {
        this.#workers.set(id, 'Busy');
        this.wake();
        const results = await Promise.all(jobs.map(run));
        this.#workers.set(id, 'Idle');
        boss.notifyWorker(id);
        return results;
      },
    );
    this.#workers.set(id, 'Idle');
  }
}
