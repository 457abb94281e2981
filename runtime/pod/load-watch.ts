import { performance } from 'node:perf_hooks';
import type { Gauge, Histogram } from 'prom-client';
import type { Clock } from '#lib/clock/clock.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';

/** What a second of the pod's one event loop was like. */
export interface Load {
  /** The share of the time in which it had something to do. */
  readonly utilization: number;
  /** By how much timers came late, on average. */
  readonly loopDelayMs: number;
  /** From a frame's arrival to the decision whether it is speech, on average. */
  readonly judgingMs: number;
}

export type LoadLevel = 'Normal' | 'Full' | 'Strained';

export interface LoadWatchOptions {
  readonly clock: Clock;
  /** The event loop's utilization since it was last asked, 0 to 1. */
  readonly utilization: () => number;
  readonly metrics: {
    readonly eventLoopDelay: Pick<Histogram, 'observe'>;
    readonly loadLevel: Pick<Gauge, 'set'>;
  };
  /** The level is another. */
  readonly onChange: () => void;
  readonly log: Logger;
}

/**
 * How busy the pod is, and what follows from it. Callers must not hear it, so it gives up the rest first:
 *
 *   Normal ── two busy seconds ──▶ Full: gets no new calls
 *     ▲                             │ and still busier
 *     └── calm for 5 s, by steps ── Strained: judges fewer frames while the agent speaks, sends further ahead
 */
export class LoadWatch implements Service {
  readonly name = 'load watch';
  readonly #options: LoadWatchOptions;
  #level: LoadLevel = 'Normal';
  #cancel: (() => void) | undefined;
  #looks = 0;
  #delaysMs = 0;
  #judged = 0;
  #judgingMs = 0;
  /** Seconds in a row that ask for a higher level, and for a lower one. */
  #busySeconds = 0;
  #calmSeconds = 0;

  constructor(options: LoadWatchOptions) {
    this.#options = options;
  }

  get level(): LoadLevel {
    return this.#level;
  }

  /** Whether admission may place further calls here. */
  get takesCalls(): boolean {
    return this.#level === 'Normal';
  }

  get strained(): boolean {
    return this.#level === 'Strained';
  }

  /** A frame was judged so long after it had come. */
  frameJudged(ms: number): void {
    this.#judged += 1;
    this.#judgingMs += ms;
  }

  async start(): Promise<void> {
    this.#options.utilization();
    this.#look();
  }

  async stop(): Promise<void> {
    this.#cancel?.();
  }

  #look(): void {
    const { clock, metrics } = this.#options;
    const dueMs = clock.monotonic() + PERIOD_MS;
    this.#cancel = clock.after(PERIOD_MS, () => {
      const delayMs = Math.max(0, clock.monotonic() - dueMs);
      metrics.eventLoopDelay.observe(delayMs / 1_000);
      this.#looks += 1;
      this.#delaysMs += delayMs;
      if (this.#looks === LOOKS_A_SECOND) this.#endSecond();
      this.#look();
    });
  }

  #endSecond(): void {
    const load: Load = {
      utilization: this.#options.utilization(),
      loopDelayMs: this.#delaysMs / this.#looks,
      judgingMs: this.#judgingMs / Math.max(1, this.#judged),
    };
    this.#looks = 0;
    this.#delaysMs = 0;
    this.#judged = 0;
    this.#judgingMs = 0;
    this.#follow(load);
  }

  #follow(load: Load): void {
    const asked = rankOf(load, LIMITS);
    const rank = LEVELS.indexOf(this.#level);
    this.#busySeconds = asked > rank ? this.#busySeconds + 1 : 0;
    this.#calmSeconds = rankOf(load, CALM_LIMITS) < rank ? this.#calmSeconds + 1 : 0;
    if (this.#busySeconds >= BUSY_SECONDS) this.#change(rank + 1, load);
    else if (this.#calmSeconds >= CALM_SECONDS) this.#change(rank - 1, load);
  }

  #change(rank: number, load: Load): void {
    const { metrics, onChange, log } = this.#options;
    this.#level = LEVELS[rank] ?? 'Normal';
    this.#busySeconds = 0;
    this.#calmSeconds = 0;
    metrics.loadLevel.set(rank);
    log[rank === 0 ? 'info' : 'warn']({ level: this.#level, ...load }, 'the load of the pod has changed');
    onChange();
  }
}

/** The utilization of this thread's event loop since the function was last called. */
export function eventLoopUtilization(): () => number {
  let last = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  };
}

const PERIOD_MS = 50;
const LOOKS_A_SECOND = 20;
/** One second may be a collection of garbage, or the arrival of many calls at once. */
const BUSY_SECONDS = 2;
const CALM_SECONDS = 5;

const LEVELS: readonly LoadLevel[] = ['Normal', 'Full', 'Strained'];

/** Where each level begins, in the order of LEVELS. Audio is sent 180 ms ahead or more, so that all of this is unheard. */
const LIMITS: readonly Load[] = [
  { utilization: 0.95, loopDelayMs: 15, judgingMs: 40 },
  { utilization: 0.98, loopDelayMs: 40, judgingMs: 80 },
];
/** Where each level ends: well below, or it would come and go. */
const CALM_LIMITS: readonly Load[] = LIMITS.map(({ utilization, loopDelayMs, judgingMs }) => ({
  utilization: utilization - 0.1,
  loopDelayMs: loopDelayMs / 2,
  judgingMs: judgingMs / 2,
}));

/** How many limits are reached. */
function rankOf(load: Load, limits: readonly Load[]): number {
  return limits.filter(
    (limit) =>
      load.utilization >= limit.utilization ||
      load.loopDelayMs >= limit.loopDelayMs ||
      load.judgingMs >= limit.judgingMs,
  ).length;
}
