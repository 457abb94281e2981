import { type JobResult, PgBoss } from 'pg-boss';
import { Counter } from 'prom-client';
import { messageOf, OperatingError } from '#lib/errors/operating-error.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import type { Database, PoolClient } from '../database/database.ts';
import { QUEUE_SCHEMA } from '../migrate/schema.ts';
import { refusedQueueOf, shareOf } from './job-queues.ts';
import { type FetchedJob, QueueWorkers } from './queue-workers.ts';

/** Does one job; what it throws makes pg-boss try again later, but for a JobRefused. */
export type JobHandler = (data: unknown) => Promise<void>;

/** A job that cannot succeed as things are. It is set aside, and tried again when a server starts. */
export class JobRefused extends OperatingError {
  constructor(cause: unknown) {
    super('job_refused', `The job was refused: ${messageOf(cause)}`, { cause });
  }
}

/** A job that has to wait, as is known already: it is tried later, and nothing is wrong. */
export class JobPostponed extends OperatingError {
  constructor(why: string) {
    super('job_postponed', why, { retryable: true });
  }
}

/** A job that another queue is to go on with, in the same group, from `afterSeconds` on. */
export class JobMoved extends OperatingError {
  readonly to: { readonly queue: string; readonly group: string; readonly afterSeconds: number };

  constructor(to: JobMoved['to']) {
    super('job_moved', `The job goes on in ${to.queue}.`, { retryable: true });
    this.to = to;
  }
}

/** A job to be sent. `data` holds ids only; of one group few are done at a time (`shareOf`). */
export interface JobToSend {
  readonly data: object;
  readonly group?: string;
}

export interface JobQueueOptions {
  /** As the worker role. */
  readonly database: Database;
  readonly log: Logger;
  readonly registry: Registry;
  readonly handlers: Readonly<Record<string, JobHandler>>;
}

const STOP_TIMEOUT_MS = 5_000;

/**
 * Background work over pg-boss. A job is sent inside the caller's transaction, so it exists exactly
 * when what it is about does; the replica that sent it is then woken by `wake`.
 */
export class JobQueue implements Service {
  readonly name = 'job queue';
  readonly #options: JobQueueOptions;
  readonly #boss: PgBoss;
  readonly #refused: Counter;
  readonly #workers = new Map<string, QueueWorkers>();

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
    this.#refused = new Counter({
      name: 'veralux_jobs_refused_total',
      help: 'Jobs set aside because they cannot succeed as things are, by queue.',
      labelNames: ['queue'],
      registers: [options.registry],
    });
  }

  async start(): Promise<void> {
    await this.#boss.start();
    for (const [queue, handler] of Object.entries(this.#options.handlers)) {
      // A newer release or a mended cluster may take what was refused.
      await this.#boss.redrive(refusedQueueOf(queue));
      const run = (job: FetchedJob) => this.#run(queue, job, handler);
      const workers = new QueueWorkers({ boss: this.#boss, queue, share: shareOf(queue), run });
      await workers.start();
      this.#workers.set(queue, workers);
    }
  }

  /** Sends a job in the transaction of `client`, which may be of the app role. `data` holds ids only. */
  async send(client: PoolClient, queue: string, data: object): Promise<void> {
    await this.sendAll(client, queue, [{ data }]);
  }

  /** As `send`, all by one statement. */
  async sendAll(client: PoolClient, queue: string, jobs: readonly JobToSend[]): Promise<void> {
    if (jobs.length === 0) return;
    const ids = await this.#boss.insert(
      queue,
      jobs.map(({ data, group }) => ({ data, ...(group === undefined ? {} : { group: { id: group } }) })),
      { returnId: true, db: { executeSql: (text, values) => client.query(text, values) } },
    );
    if (ids?.length !== jobs.length) throw new Error(`the job queue ${queue} did not take a job`);
  }

  /** Looks at the queue now instead of at the next poll. Call it after the commit. */
  wake(queue: string): void {
    this.#workers.get(queue)?.wake();
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: STOP_TIMEOUT_MS, close: false });
  }

  async #run(queue: string, { id, data }: FetchedJob, handler: JobHandler): Promise<JobResult> {
    const { log } = this.#options;
    try {
      await this.#moving(data, handler);
      return { id, status: 'completed' };
    } catch (error) {
      const output = { message: messageOf(error) };
      if (error instanceof JobPostponed) {
        log.debug({ err: error, queue, data }, 'a job waits');
        return { id, status: 'failed', output };
      }
      if (!(error instanceof JobRefused)) {
        log.warn({ err: error, queue, data }, 'a job failed and will be tried again');
        return { id, status: 'failed', output };
      }
      this.#refused.inc({ queue });
      const refused = refusedQueueOf(queue);
      log.error(
        { err: error, queue, refused, data },
        'a job was refused and is set aside until the next start',
      );
      return { id, status: 'deadletter', output };
    }
  }

  /** Does a job, or sends it on: twice, where the server is killed in between. */
  async #moving(data: unknown, handler: JobHandler): Promise<void> {
    try {
      await handler(data);
    } catch (error) {
      if (!(error instanceof JobMoved)) throw error;
      await this.#sendOn(data, error.to);
    }
  }

  async #sendOn(data: unknown, { queue, group, afterSeconds }: JobMoved['to']): Promise<void> {
    const options = { group: { id: group }, startAfter: afterSeconds };
    const id = await this.#boss.send(queue, data as object, options);
    if (id === null) throw new Error(`the job queue ${queue} did not take a job`);
  }
}
