import { Gauge } from 'prom-client';
import type { Clock } from '#lib/clock/clock.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import { isInTime } from '#lib/lifecycle/is-in-time.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';

export const DEPENDENCY_NAMES = ['postgres', 'redis', 'informer', 'mail'] as const;
export type DependencyName = (typeof DEPENDENCY_NAMES)[number];

/** One thing that the server leans on. */
export interface Dependency {
  readonly name: DependencyName;
  /** Resolves to when it was last heard from, by the clock's `monotonic`; rejects where it cannot be used. */
  readonly check: () => Promise<number>;
  /** What was heard longer ago is stale: it can still be used. */
  readonly staleAfterMs: number;
}

export const DEPENDENCY_STATES = ['Up', 'Stale', 'Down'] as const;

export interface DependencyState {
  readonly state: (typeof DEPENDENCY_STATES)[number];
  /** How long ago it was last heard from; null: never. */
  readonly ageMs: number | null;
  readonly problem?: string;
}

export interface DependencyWatchOptions {
  readonly dependencies: readonly Dependency[];
  readonly clock: Clock;
  readonly registry: Registry;
  readonly log: Logger;
}

const CHECK_PERIOD_MS = 2_000;
/** A check that takes longer has failed. */
const CHECK_TIMEOUT_MS = 2_000;

interface Checked {
  readonly heardAtMs: number | undefined;
  readonly problem: string | undefined;
}

/**
 * Looks after what the server leans on, in the background: whoever asks how it is gets an answer at once, also
 * where something hangs, and nobody can wear a store down by asking.
 */
export class DependencyWatch implements Service {
  readonly name = 'dependency watch';
  readonly #options: DependencyWatchOptions;
  readonly #checked = new Map<DependencyName, Checked>();
  readonly #loops: readonly Loop[];

  constructor(options: DependencyWatchOptions) {
    this.#options = options;
    const { clock, dependencies } = options;
    this.#loops = dependencies.map(
      (dependency) => new Loop({ clock, step: (signal) => this.#check(dependency, signal) }),
    );
    this.#measure();
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    for (const loop of this.#loops) loop.start(fail);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops.map((loop) => loop.stop()));
  }

  /** How each is now. One that was not checked yet is down. */
  states(): ReadonlyMap<DependencyName, DependencyState> {
    return new Map(
      this.#options.dependencies.map((dependency) => [dependency.name, this.#stateOf(dependency)]),
    );
  }

  #stateOf({ name, staleAfterMs }: Dependency): DependencyState {
    const { heardAtMs, problem } = this.#checked.get(name) ?? { problem: 'it was not checked yet' };
    const ageMs = heardAtMs === undefined ? null : Math.round(this.#options.clock.monotonic() - heardAtMs);
    if (problem !== undefined) return { state: 'Down', ageMs, problem };
    return { state: ageMs === null || ageMs > staleAfterMs ? 'Stale' : 'Up', ageMs };
  }

  async #check({ name, check }: Dependency, signal: AbortSignal): Promise<number> {
    const { clock } = this.#options;
    try {
      const checking = check();
      if (!(await isInTime(checking, CHECK_TIMEOUT_MS, { clock, signal }))) {
        throw new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`);
      }
      this.#note(name, { heardAtMs: await checking, problem: undefined });
    } catch (error) {
      const heardAtMs = this.#checked.get(name)?.heardAtMs;
      this.#note(name, { heardAtMs, problem: messageOf(error) });
    }
    return CHECK_PERIOD_MS;
  }

  /** What goes wrong is logged once, and not said to whoever asks for readiness. */
  #note(dependency: DependencyName, checked: Checked): void {
    const before = this.#checked.get(dependency)?.problem;
    const { problem } = checked;
    this.#checked.set(dependency, checked);
    if (problem === before) return;
    const { log } = this.#options;
    if (problem === undefined) log.info({ dependency }, 'a dependency can be used again');
    else log.warn({ dependency, problem }, 'a dependency cannot be used');
  }

  #measure(): void {
    const states = () => this.states();
    const gauge = (name: string, help: string, valueOf: (state: DependencyState) => number | null) =>
      new Gauge({
        name: `veralux_dependency_${name}`,
        help,
        labelNames: ['dependency'],
        registers: [this.#options.registry],
        collect() {
          for (const [dependency, state] of states()) {
            const value = valueOf(state);
            if (value !== null) this.set({ dependency }, value);
          }
        },
      });
    gauge('usable', 'Whether what the server leans on can be used: 1 or 0.', ({ state }) =>
      state === 'Down' ? 0 : 1,
    );
    gauge(
      'age_seconds',
      'How long ago what the server leans on was last heard from.',
      ({ ageMs }) => ageMs && ageMs / 1_000,
    );
  }
}
