import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { WorkQueueObserver } from './work-queue.ts';

export type ReconcileResult = 'success' | 'error' | 'requeue' | 'requeue_after';

/** controller-runtime's buckets, in seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** The metrics that every operator's dashboard knows, under controller-runtime's and client-go's names. */
export class EngineMetrics {
  readonly #reconciles: Counter<'controller' | 'result'>;
  readonly #errors: Counter<'controller'>;
  readonly #time: Histogram<'controller'>;
  readonly #active: Gauge<'controller'>;
  readonly #depth: Gauge<'name'>;
  readonly #adds: Counter<'name'>;
  readonly #retries: Counter<'name'>;
  readonly #queueTime: Histogram<'name'>;
  readonly #workTime: Histogram<'name'>;
  readonly #requests: Counter<'method' | 'code'>;
  readonly #leader: Gauge<'name'>;
  readonly #lists: Counter<'kind' | 'reason'>;

  constructor(registry: Registry) {
    const registers = [registry];
    const counter = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
      new Counter({ name, help, labelNames, registers });
    const gauge = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
      new Gauge({ name, help, labelNames, registers });
    const times = <L extends string>(name: string, help: string, ...labelNames: L[]) =>
      new Histogram({ name, help, labelNames, buckets: BUCKETS, registers });

    const reconcile = 'controller_runtime_reconcile';
    this.#reconciles = counter(`${reconcile}_total`, 'Reconciles by result.', 'controller', 'result');
    this.#errors = counter(`${reconcile}_errors_total`, 'Reconciles that failed.', 'controller');
    this.#time = times(`${reconcile}_time_seconds`, 'How long a reconcile took.', 'controller');
    this.#active = gauge('controller_runtime_active_workers', 'Reconciles under way.', 'controller');
    this.#depth = gauge('workqueue_depth', 'Keys that wait.', 'name');
    this.#adds = counter('workqueue_adds_total', 'Keys added.', 'name');
    this.#retries = counter('workqueue_retries_total', 'Keys added again after a failure.', 'name');
    this.#queueTime = times('workqueue_queue_duration_seconds', 'How long a key waited.', 'name');
    this.#workTime = times('workqueue_work_duration_seconds', 'How long a key was worked on.', 'name');
    this.#requests = counter('rest_client_requests_total', 'Requests to the API server.', 'method', 'code');
    this.#leader = gauge('leader_election_master_status', '1 while the lease is held.', 'name');
    this.#lists = counter('informer_lists_total', 'Times a kind was listed whole.', 'kind', 'reason');
  }

  queueObserver(name: string): WorkQueueObserver {
    this.#depth.set({ name }, 0);
    return {
      added: (depth) => {
        this.#adds.inc({ name });
        this.#depth.set({ name }, depth);
      },
      taken: (depth, waitedMs) => {
        this.#depth.set({ name }, depth);
        this.#queueTime.observe({ name }, waitedMs / 1_000);
      },
      finished: (workedMs) => this.#workTime.observe({ name }, workedMs / 1_000),
      retried: () => this.#retries.inc({ name }),
    };
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

  requestEnded(method: string, code: string): void {
    this.#requests.inc({ method, code });
  }

  leading(name: string, isLeader: boolean): void {
    this.#leader.set({ name }, isLeader ? 1 : 0);
  }

  listed(kind: string, reason: 'Start' | 'Expired'): void {
    this.#lists.inc({ kind, reason });
  }
}
