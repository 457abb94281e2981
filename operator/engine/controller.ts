import { randomUUID } from 'node:crypto';
import type { Clock } from '#lib/clock/clock.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import { isConflict, KubeError } from '#lib/kube/kube-error.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { EngineMetrics } from './metrics.ts';
import { WorkQueue } from './work-queue.ts';

export interface ReconcileContext {
  /** Aborts when the controller stops or the reconcile has taken too long. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** What a reconcile wants next: nothing until the world changes, or to be called again. */
export interface Outcome {
  readonly requeueAfterMs?: number;
}

export interface ControllerOptions {
  readonly name: string;
  /**
   * Brings the world of one key nearer to what is wanted. Called for a key, never for an event, and
   * never twice at once for the same key. What it throws is retried later and later; a conflict is
   * tried again at once, several in a row are not; a TerminalError waits for the next change.
   */
  readonly reconcile: (key: string, context: ReconcileContext) => Promise<Outcome>;
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

/** Time for a stale cache to see the write that it conflicted with. */
const CONFLICT_DELAY_MS = 50;
/** More conflicts in a row than a stale cache explains: somebody keeps writing, or the cache is stuck. */
const FREE_CONFLICTS = 5;

/** Feeds keys to a reconcile function through a WorkQueue, with a fixed number of workers. */
export class Controller implements Service {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #queue: WorkQueue;
  readonly #ending = new AbortController();
  /** Conflicts in a row of the keys that had one last. */
  readonly #conflicts = new Map<string, number>();
  #workers: Promise<void> | undefined;
  #running = false;

  constructor(options: ControllerOptions) {
    this.name = `controller ${options.name}`;
    this.#options = options;
    this.#queue = new WorkQueue({
      clock: options.clock,
      observer: options.metrics.queueObserver(options.name),
    });
  }

  /** Whether the caches are whole and the workers take keys. */
  get running(): boolean {
    return this.#running;
  }

  enqueue(key: string): void {
    this.#queue.add(key);
  }

  enqueueAfter(key: string, delayMs: number): void {
    this.#queue.addAfter(key, delayMs);
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#workers = this.#run().catch(fail);
  }

  async drain(): Promise<void> {
    this.#running = false;
    this.#queue.close();
    await this.#workers;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.drain();
  }

  async #run(): Promise<void> {
    const ended = new Promise<boolean>((resolve) => {
      this.#ending.signal.addEventListener('abort', () => resolve(false), { once: true });
    });
    const ready = Promise.all([...this.#options.synced, this.#options.elected]).then(() => true);
    if (!(await Promise.race([ready, ended]))) return;
    this.#running = true;
    await Promise.all(Array.from({ length: this.#options.workers }, () => this.#work()));
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.#queue.take();
      if (key === undefined) return;
      try {
        await this.#reconcile(key);
      } finally {
        this.#queue.done(key);
      }
    }
  }

  async #reconcile(key: string): Promise<void> {
    const { name, clock, metrics, reconcile, mayAct, reconcileTimeoutMs = 120_000 } = this.#options;
    const log = this.#options.log.child({ controller: name, key, reconcileID: randomUUID() });
    if (mayAct?.() === false) {
      this.#queue.addAfter(key, 1_000);
      return;
    }
    const startedAtMs = clock.monotonic();
    const report = metrics.reconcileStarted(name);
    try {
      const timeout = AbortSignal.timeout(reconcileTimeoutMs);
      const outcome = await reconcile(key, {
        signal: AbortSignal.any([this.#ending.signal, timeout]),
        log,
      });
      this.#queue.forget(key);
      this.#conflicts.delete(key);
      if (outcome.requeueAfterMs !== undefined) this.#queue.addAfter(key, outcome.requeueAfterMs);
      report(
        outcome.requeueAfterMs === undefined ? 'success' : 'requeue_after',
        clock.monotonic() - startedAtMs,
      );
    } catch (error) {
      report(this.#failed(key, error, log), clock.monotonic() - startedAtMs);
    }
  }

  #failed(key: string, error: unknown, log: Logger): 'error' | 'requeue' | 'success' {
    if (this.#ending.signal.aborted) return 'success';
    if (isConflict(error)) return this.#conflicted(key, error, log);
    this.#conflicts.delete(key);
    if (error instanceof TerminalError) {
      this.#queue.forget(key);
      log.error({ err: error }, 'reconcile failed for good and waits for a change');
      return 'error';
    }
    const leastMs = error instanceof KubeError ? error.retryAfterMs : undefined;
    const delayMs = this.#queue.retry(key, leastMs);
    const level = this.#queue.failuresOf(key) > 3 ? 'error' : 'warn';
    log[level]({ err: error, delayMs }, 'reconcile failed and is tried again');
    return 'error';
  }

  /** A conflict is no failure, but one that never ends must not become a tight loop. */
  #conflicted(key: string, error: unknown, log: Logger): 'requeue' {
    const inARow = (this.#conflicts.get(key) ?? 0) + 1;
    this.#conflicts.set(key, inARow);
    if (inARow <= FREE_CONFLICTS) {
      this.#queue.addAfter(key, CONFLICT_DELAY_MS);
    } else {
      const delayMs = this.#queue.retry(key, CONFLICT_DELAY_MS);
      log.warn({ err: error, conflicts: inARow, delayMs }, 'reconcile keeps conflicting and is tried later');
    }
    return 'requeue';
  }
}
