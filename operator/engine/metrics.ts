import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { PRIORITIES, type Priority } from './waiting-keys.ts';
import type { WorkQueueObserver } from './work-queue.ts';

export type ReconcileResult = 'success' | 'error' | 'requeue' | 'requeue_after';

/** Of controller-runtime's buckets for reconciles, in seconds, those that tell something apart. */
const RECONCILE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** controller-runtime's for the queue: ten nanoseconds, and each ten times the one before. */
const QUEUE_BUCKETS = Array.from({ length: 12 }, (_each, power) => 10 ** (power - 8));
/** What controller-runtime's priority queue calls them: a first list's objects come with -100. */
const PRIORITY_NUMBERS: Readonly<Record<Priority, string>> = { High: '100', Normal: '0', Low: '-100' };

type OfQueue = 'name' | 'controller';

/**
 * The metrics that every operator's dashboard knows, under controller-runtime's and client-go's names
 * and labels. A reconcile that throws what is no operating error counts as a panic.
 */
export class EngineMetrics {
  readonly #reconciles: Counter<'controller' | 'result'>;
  readonly #errors: Counter<'controller'>;
  readonly #terminalErrors: Counter<'controller'>;
  readonly #panics: Counter<'controller'>;
  readonly #time: Histogram<'controller'>;
  readonly #active: Gauge<'controller'>;
  readonly #workers: Gauge<'controller'>;
  readonly #depth: Gauge<OfQueue | 'priority'>;
  readonly #adds: Counter<OfQueue>;
  readonly #retries: Counter<OfQueue>;
  readonly #queueTime: Histogram<OfQueue>;
  readonly #workTime: Histogram<OfQueue>;
  readonly #requests: Counter<'method' | 'code' | 'host'>;
  readonly #leader: Gauge<'name'>;
  readonly #lists: Counter<'kind' | 'reason'>;
  readonly #missed: Counter<'kind'>;
  readonly #events: Counter<'result'>;
  /** For each queue, how long each key in work has been so, in milliseconds. */
  readonly #workedMs = new Map<string, () => readonly number[]>();

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
      new Counter({ name, help, labelNames, registers });
    const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
      new Gauge({ name, help, labelNames, registers });
    const times = (name: string, help: string) =>
      new Histogram({ name, help, labelNames: ['name', 'controller'], buckets: QUEUE_BUCKETS, registers });

    const reconcile = 'controller_runtime_reconcile';
    const ofController = 'controller' as const;
    this.#reconciles = counter(`${reconcile}_total`, 'Reconciles by result.', ofController, 'result');
    this.#errors = counter(`${reconcile}_errors_total`, 'Reconciles that failed.', ofController);
    this.#panics = counter(`${reconcile}_panics_total`, 'Reconciles that failed by a fault.', ofController);
    const terminal = 'controller_runtime_terminal_reconcile_errors_total';
    this.#terminalErrors = counter(terminal, 'Reconciles that failed for good.', ofController);
    this.#time = new Histogram({
      name: `${reconcile}_time_seconds`,
      help: 'How long a reconcile took.',
      labelNames: [ofController],
      buckets: RECONCILE_BUCKETS,
      registers,
    });
    this.#active = gauge('controller_runtime_active_workers', 'Reconciles under way.', ofController);
    this.#workers = gauge('controller_runtime_max_concurrent_reconciles', 'Most at once.', ofController);
    this.#depth = gauge('workqueue_depth', 'Keys that wait.', 'name', ofController, 'priority');
    this.#adds = counter('workqueue_adds_total', 'Keys added.', 'name', ofController);
    this.#retries = counter('workqueue_retries_total', 'Keys added again later.', 'name', ofController);
    this.#queueTime = times('workqueue_queue_duration_seconds', 'How long a key waited.');
    this.#workTime = times('workqueue_work_duration_seconds', 'How long a key was worked on.');
    this.#requests = counter('rest_client_requests_total', 'Requests by status.', 'method', 'code', 'host');
    this.#leader = gauge('leader_election_master_status', '1 while the lease is held.', 'name');
    this.#lists = counter('informer_lists_total', 'Times a kind was listed whole.', 'kind', 'reason');
    this.#missed = counter('informer_missed_changes_total', 'Objects a watch missed: 0 is right.', 'kind');
    this.#events = counter('event_recorder_events_total', 'Events by what became of them.', 'result');
    this.#gaugeOfWork(registry, 'workqueue_unfinished_work_seconds', 'Seconds of work under way.', (all) =>
      all.reduce((sum, ms) => sum + ms, 0),
    );
    const longest = 'workqueue_longest_running_processor_seconds';
    this.#gaugeOfWork(registry, longest, 'Seconds of the longest work under way.', (all) =>
      all.reduce((most, ms) => Math.max(most, ms), 0),
    );
  }

  queueObserver(name: string): WorkQueueObserver {
    const labels = { name, controller: name };
    const depth = (priority: Priority, count: number) =>
      this.#depth.set({ ...labels, priority: PRIORITY_NUMBERS[priority] }, count);
    for (const priority of PRIORITIES) depth(priority, 0);
    return {
      added: () => this.#adds.inc(labels),
      depth,
      taken: (waitedMs) => this.#queueTime.observe(labels, waitedMs / 1_000),
      finished: (workedMs) => this.#workTime.observe(labels, workedMs / 1_000),
      retried: () => this.#retries.inc(labels),
    };
  }

  /** `workedMs` is asked at each scrape how long the keys in work have been so. */
  watchController(controller: string, workers: number, workedMs: () => readonly number[]): void {
    this.#workers.set({ controller }, workers);
    this.#workedMs.set(controller, workedMs);
    // A counter that is not there until the first error can't be alerted on.
    for (const counter of [this.#errors, this.#terminalErrors, this.#panics]) counter.inc({ controller }, 0);
  }

  /** Counts a reconcile as under way; the result ends it. */
  reconcileStarted(controller: string): (result: ReconcileResult, tookMs: number) => void {
    this.#active.inc({ controller });
    return (result, tookMs) => {
      this.#active.dec({ controller });
      this.#reconciles.inc({ controller, result });
      if (result === 'error') this.#errors.inc({ controller });
      this.#time.observe({ controller }, tookMs / 1_000);
    };
  }

  terminalError(controller: string): void {
    this.#terminalErrors.inc({ controller });
  }

  panicked(controller: string): void {
    this.#panics.inc({ controller });
  }

  /** `host` is the API server's, as the kubeconfig names it. */
  requestEnded(method: string, code: string, host = ''): void {
    this.#requests.inc({ method, code, host });
  }

  leading(name: string, isLeader: boolean): void {
    this.#leader.set({ name }, isLeader ? 1 : 0);
  }

  /** `reason` is one of the few that informers give. */
  listed(kind: string, reason: string): void {
    this.#lists.inc({ kind, reason });
  }

  /** A cache was compared with the API server; the metric is there from the first time on. */
  verified(kind: string, missed: number): void {
    this.#missed.inc({ kind }, missed);
  }

  eventEnded(result: 'Written' | 'Counted' | 'Failed' | 'Dropped'): void {
    this.#events.inc({ result });
  }

  #gaugeOfWork(registry: Registry, name: string, help: string, of: (ms: readonly number[]) => number): void {
    const workedMs = this.#workedMs;
    const gauge = new Gauge({
      name,
      help,
      labelNames: ['name', 'controller'],
      registers: [],
      collect() {
        for (const [queue, ask] of workedMs) this.set({ name: queue, controller: queue }, of(ask()) / 1_000);
      },
    });
    registry.registerMetric(gauge);
  }
}
