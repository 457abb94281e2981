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

/** Between two looks of a worker at its queue, for jobs that another replica sent or that are due again. */
const POLLING_SECONDS = 1;

/** Workers that take the same jobs. */
type Lane = Map<string, 'Idle' | 'Busy'>;

/**
 * The places of one replica on one queue, each a worker with a job at a time. One that finds a job wakes another and looks
 * again itself when it is done: so a full queue is worked off as fast as it goes, and an empty one costs a look a second.
 */
export class QueueWorkers {
  readonly #options: QueueWorkersOptions;
  /** One that takes every job, and one for those of the usual priority and above. */
  readonly #lanes: readonly Lane[] = [new Map(), new Map()];

  constructor(options: QueueWorkersOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { atOnce, atOnceOfLow = atOnce } = this.#options.share;
    for (let place = 0; place < atOnce; place += 1) {
      await this.#startWorker(this.#lanes[place < atOnceOfLow ? 0 : 1] ?? new Map(), place >= atOnceOfLow);
    }
  }

  /** Has the queue looked at now instead of at the next poll. */
  wake(): void {
    for (const lane of this.#lanes) this.#wakeOne(lane);
  }

  async #startWorker(lane: Lane, isReserved: boolean): Promise<void> {
    const { boss, queue, share, run } = this.#options;
    const id = await boss.work(
      queue,
      {
        pollingIntervalSeconds: POLLING_SECONDS,
        batchSize: 1,
        perJobResults: true,
        ...(isReserved ? { minPriority: 0 } : {}),
        ...(share.atOnceOfGroup === undefined ? {} : { localGroupConcurrency: share.atOnceOfGroup }),
      },
      async (jobs) => {
        lane.set(id, 'Busy');
        this.#wakeOne(lane);
        const results = await Promise.all(jobs.map(run));
        lane.set(id, 'Idle');
        boss.notifyWorker(id);
        return results;
      },
    );
    lane.set(id, 'Idle');
  }

  /** One that is busy would look only when it is done. */
  #wakeOne(lane: Lane): void {
    for (const [id, state] of lane) {
      if (state === 'Idle') {
        this.#options.boss.notifyWorker(id);
        return;
      }
    }
  }
}
