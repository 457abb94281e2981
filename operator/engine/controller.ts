import { randomUUID } from 'node:crypto';
import type { Clock } from '#lib/clock/clock.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import { isConflict, KubeError } from '#lib/kube/kube-error.ts';
import { WriteFenced } from '#lib/kube/write-fence.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { EngineMetrics, ReconcileResult } from './metrics.ts';
import type { Priority } from './waiting-keys.ts';
import { WorkQueue } from './work-queue.ts';

export interface ReconcileContext {
  /** Aborts when the controller stops or the reconcile has taken too long. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** What a reconcile wants next: nothing until the world changes, or to be called again. */
export interface Outcome {
  readonly requeueAfterMs?: number;
  /** With which priority then. Absent: with the one that the key was taken with. */
  readonly priority?: Priority;
}

/**
 * Brings the world of one key nearer to what is wanted. Called for a key, never for an event, and
 * never twice at once for the same key. What it throws is retried later and later; a conflict is
 * tried again at once, several in a row are not; a TerminalError waits for the next change.
 */
export type Reconcile = (key: string, context: ReconcileContext) => Promise<Outcome>;

export interface ControllerOptions {
  readonly name: string;
  readonly reconcile: Reconcile;
  /** The caches that must be whole before the first reconcile. */
  readonly synced: readonly Promise<void>[];
  /** Resolves when this process may write: the lease is held. Rejections end nothing here. */
  readonly elected?: Promise<unknown>;
  /** Asked before each reconcile; false while the lease is no longer surely ours. */
  readonly mayAct?: () => boolean;
  readonly workers: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: EngineMetrics;
  readonly reconcileTimeoutMs?: number;
}

/** An error that trying again will not mend: it waits until the object or what it needs changes. */
export class TerminalError extends OperatingError {
  constructor(code: string, message: string, cause?: unknown) {
    super(code, message, { cause });
  }
}

/** A reconcile did not end in its time. It is retried once it has ended. */
export class ReconcileTimeout extends OperatingError {
  constructor(timeoutMs: number) {
    super('reconcile_timeout', `The reconcile took longer than ${timeoutMs / 1_000} s.`, { retryable: true });
  }
}

/** Time for a stale cache to see the write that it conflicted with. */
const CONFLICT_DELAY_MS = 50;
/** More conflicts in a row than a stale cache explains: somebody keeps writing, or the cache is stuck. */
const FREE_CONFLICTS = 5;
/** When the lease is looked at again; by then it is renewed, or the program ends. */
const FENCED_DELAY_MS = 1_000;
/** Several requests of 30 s, the longest that the client lets one take. */
const RECONCILE_TIMEOUT_MS = 120_000;
/** Time that a reconcile has to end after its signal aborted; then its worker goes on without it. */
const GRACE_MS = 5_000;

interface Work {
  readonly key: string;
  readonly log: Logger;
  readonly aborting: AbortController;
  /** Ends the reconcile in the metrics. */
  readonly report: (result: ReconcileResult, tookMs: number) => void;
  readonly startedAtMs: number;
}

/** Feeds keys to a reconcile function through a WorkQueue, with a fixed number of workers. */
export class Controller implements Service {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #ending = new AbortController();
  readonly #ended = Promise.withResolvers<false>();
  readonly #inWork = new Set<AbortController>();
  /** Conflicts in a row of the keys that had one last. */
  readonly #conflicts = new Map<string, number>();
  #workers: Promise<void> | undefined;
  #running = false;

  constructor(options: ControllerOptions) {
    this.name = `controller ${options.name}`;
    this.#options = options;
    const { name, clock, metrics, workers } = options;
    this.#queue = new WorkQueue({ clock, observer: metrics.queueObserver(name) });
    metrics.watchController(name, workers, () => this.#queue.workedMs());
  }

  /** Whether the caches are whole and the workers take keys. */
  get running(): boolean {
    return this.#running;
  }

  enqueue(key: string, priority?: Priority): void {
    this.#queue.add(key, priority);
  }

  enqueueAfter(key: string, delayMs: number, priority?: Priority): void {
    this.#queue.addAfter(key, delayMs, priority);
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#workers = this.#run().catch(fail);
  }

  async drain(): Promise<void> {
    this.#running = false;
    this.#queue.close();
    this.#ended.resolve(false);
    await this.#workers;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    for (const aborting of this.#inWork) aborting.abort();
    await this.drain();
  }

  async #run(): Promise<void> {
    const { synced, elected, workers } = this.#options;
    const ready = Promise.all([...synced, elected]).then(() => true);
    if (!(await Promise.race([ready, this.#ended.promise]))) return;
    this.#running = true;
    await Promise.all(Array.from({ length: workers }, () => this.#takeKeys()));
  }

  async #takeKeys(): Promise<void> {
    for (;;) {
      const key = await this.#queue.take();
      if (key === undefined) return;
      await this.#work(key);
    }
  }

  /** Ends with the reconcile, or, when that hangs, without it: the key then stays in work, alone. */
  async #work(key: string): Promise<void> {
    const { name, clock, log, metrics, mayAct, reconcileTimeoutMs = RECONCILE_TIMEOUT_MS } = this.#options;
    if (mayAct?.() === false) {
      this.#queue.addAfter(key, FENCED_DELAY_MS, this.#queue.priorityOf(key));
      this.#queue.done(key);
      return;
    }
    const work: Work = {
      key,
      log: log.child({ controller: name, key, reconcileID: randomUUID() }),
      aborting: new AbortController(),
      report: metrics.reconcileStarted(name),
      startedAtMs: clock.monotonic(),
    };
    const left = Promise.withResolvers<void>();
    const cancelTimeout = clock.after(reconcileTimeoutMs, () => {
      work.aborting.abort(new ReconcileTimeout(reconcileTimeoutMs));
    });
    let cancelGrace = () => {};
    work.aborting.signal.addEventListener('abort', () => {
      cancelGrace = clock.after(GRACE_MS, () => {
        work.log.error('a reconcile does not end although it was told to; its worker goes on without it');
        left.resolve();
      });
    });
    const ended = this.#reconcile(work).finally(() => {
      cancelTimeout();
      cancelGrace();
      this.#queue.done(key);
    });
    await Promise.race([ended, left.promise]);
  }

  /** Never rejects, whatever the reconcile does. */
  async #reconcile(work: Work): Promise<void> {
    const { key, log, aborting, report, startedAtMs } = work;
    const { clock, reconcile } = this.#options;
    this.#inWork.add(aborting);
    let result: ReconcileResult;
    try {
      const { requeueAfterMs, priority } = await reconcile(key, { signal: aborting.signal, log });
      this.#queue.forget(key);
      this.#conflicts.delete(key);
      if (requeueAfterMs !== undefined) {
        this.#queue.addAfter(key, requeueAfterMs, priority ?? this.#queue.priorityOf(key));
      }
      result = requeueAfterMs === undefined ? 'success' : 'requeue_after';
    } catch (error) {
      result = this.#failed(work, error);
    } finally {
      this.#inWork.delete(aborting);
    }
    report(result, clock.monotonic() - startedAtMs);
  }

  #failed({ key, log }: Work, error: unknown): ReconcileResult {
    const { name, metrics } = this.#options;
    if (this.#ending.signal.aborted) return 'requeue';
    if (isConflict(error)) return this.#conflicted(key, error, log);
    if (error instanceof WriteFenced) {
      this.#queue.addAfter(key, FENCED_DELAY_MS, this.#queue.priorityOf(key));
      return 'requeue';
    }
    this.#conflicts.delete(key);
    if (error instanceof TerminalError) {
      this.#queue.forget(key);
      metrics.terminalError(name);
      log.error({ err: error }, 'reconcile failed for good and waits for a change');
      return 'error';
    }
    const isFault = !(error instanceof OperatingError);
    if (isFault) metrics.panicked(name);
    const leastMs = error instanceof KubeError ? error.retryAfterMs : undefined;
    const delayMs = this.#queue.retry(key, leastMs);
    // Where a peer is away, our own stack tells nothing.
    const what = isFault || !error.retryable ? { err: error } : { code: error.code, error: error.message };
    const level = isFault || this.#queue.failuresOf(key) > 3 ? 'error' : 'warn';
    log[level]({ ...what, delayMs }, 'reconcile failed and is tried again');
    return 'error';
  }

  /** A conflict is no failure, but one that never ends must not become a tight loop. */
  #conflicted(key: string, error: unknown, log: Logger): 'requeue' {
    const inARow = (this.#conflicts.get(key) ?? 0) + 1;
    this.#conflicts.set(key, inARow);
    if (inARow <= FREE_CONFLICTS) {
      this.#queue.addAfter(key, CONFLICT_DELAY_MS, this.#queue.priorityOf(key));
    } else {
      const delayMs = this.#queue.retry(key, CONFLICT_DELAY_MS);
      log.warn({ err: error, conflicts: inARow, delayMs }, 'reconcile keeps conflicting and is tried later');
    }
    return 'requeue';
  }
}
