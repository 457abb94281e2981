import { PgBoss } from 'pg-boss';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database, PoolClient } from '../database/database.ts';
import { QUEUE_SCHEMA } from '../migrate/schema.ts';

/** Does one job; what it throws makes pg-boss try again later. */
export type JobHandler = (data: unknown) => Promise<void>;

export interface JobQueueOptions {
  /** As the worker role. */
  readonly database: Database;
  readonly log: Logger;
  readonly handlers: Readonly<Record<string, JobHandler>>;
}

/** Between two looks at a queue, for jobs that another replica sent or that are due again. */
const POLLING_SECONDS = 1;
/** How many jobs of a queue one replica does at a time. */
const JOBS_AT_ONCE = 4;
const STOP_TIMEOUT_MS = 5_000;

/**
 * Background work over pg-boss. A job is sent inside the caller's transaction, so it exists exactly
 * when what it is about does; the replica that sent it is then woken by `wake`.
 */
export class JobQueue implements Service {
  readonly name = 'job queue';
  readonly #options: JobQueueOptions;
  readonly #boss: PgBoss;
  readonly #workers = new Map<string, string[]>();

  constructor(options: JobQueueOptions) {
    this.#options = options;
    this.#boss = new PgBoss({
      db: { executeSql: (text, values) => options.database.execute(text, values) },
      schema: QUEUE_SCHEMA,
      migrate: false,
      createSchema: false,
      schedule: false,
      supervise: true,
      superviseIntervalSeconds: 5,
      monitorIntervalSeconds: 5,
      reindex: false,
      monitorVacuum: false,
    });
    this.#boss.on('error', (error) => options.log.warn({ err: error }, 'the job queue met an error'));
  }

  async start(): Promise<void> {
    await this.#boss.start();
    for (const [queue, handler] of Object.entries(this.#options.handlers)) {
      const id = await this.#boss.work<unknown>(
        queue,
        { pollingIntervalSeconds: POLLING_SECONDS, localConcurrency: JOBS_AT_ONCE, batchSize: 1 },
        async (jobs) => {
          for (const job of jobs) await this.#run(queue, job.data, handler);
        },
      );
      this.#workers.set(queue, [id]);
    }
  }

  /** Sends a job in the transaction of `client`, which may be of the app role. `data` holds ids only. */
  async send(client: PoolClient, queue: string, data: object): Promise<void> {
    const id = await this.#boss.send(queue, data, {
      db: { executeSql: (text, values) => client.query(text, values) },
    });
    if (id === null) throw new Error(`the job queue ${queue} did not take a job`);
  }

  /** Looks at the queue now instead of at the next poll. Call it after the commit. */
  wake(queue: string): void {
    for (const id of this.#workers.get(queue) ?? []) this.#boss.notifyWorker(id);
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: STOP_TIMEOUT_MS, close: false });
  }

  async #run(queue: string, data: unknown, handler: JobHandler): Promise<void> {
    try {
      await handler(data);
    } catch (error) {
      this.#options.log.warn({ err: error, queue, data }, 'a job failed and will be tried again');
      throw error;
    }
  }
}
