import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Informer } from '#lib/kube/informer.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { ObservedTenant } from './observed-tenant.ts';

export interface TenantFollowerOptions {
  readonly name: string;
  readonly informer: Pick<Informer<ObservedTenant>, 'onChange'>;
  /** Does what the Tenants of these names want now. Repeatable; what it throws is tried again later. */
  readonly work: (names: readonly string[]) => Promise<void>;
  /** The most names a call of `work` gets. */
  readonly batchSize: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const RETRY = { initialMs: 100, maxMs: 5_000 };

/**
 * Calls `work` with the names of Tenants that changed, each again until it did not throw. Names whose batch failed are
 * worked on alone from then on, in turn with what is new: one that always fails keeps nobody waiting.
 */
export class TenantFollower implements Service {
  readonly name: string;
  readonly #options: TenantFollowerOptions;
  /** Names to be looked at, and those whose batch failed: bounded by how many Tenants there are. */
  readonly #changed = new Set<string>();
  readonly #failed = new Set<string>();
  #wasNew = false;
  #wake = Promise.withResolvers<void>();
  readonly #loop: Loop;
  #failures = 0;
  #unsubscribe: () => void = () => undefined;

  constructor(options: TenantFollowerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: (signal) => this.#next(signal) });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#unsubscribe = this.#options.informer.onChange((name) => {
      if (!this.#failed.has(name)) this.#changed.add(name);
      this.#wake.resolve();
    });
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    const stopped = this.#loop.stop();
    this.#wake.resolve();
    await stopped;
  }

  /** Waits for names and works on the oldest. */
  async #next(signal: AbortSignal): Promise<number> {
    const { work, log } = this.#options;
    if (this.#changed.size + this.#failed.size === 0) {
      this.#wake = Promise.withResolvers();
      await this.#wake.promise;
    }
    if (signal.aborted) return 0;
    const names = this.#take();
    try {
      await work(names);
      this.#failures = 0;
      return 0;
    } catch (error) {
      for (const name of names) this.#failed.add(name);
      const delayMs = backoffMs(this.#failures, RETRY);
      this.#failures += 1;
      log.warn({ err: error, service: this.name, delayMs }, 'changed tenants could not be worked on yet');
      return delayMs;
    }
  }

  /** A batch of what is new, and one that failed, in turn. */
  #take(): readonly string[] {
    const [oldest] = this.#failed;
    const isNewsTurn = oldest === undefined || (this.#changed.size > 0 && !this.#wasNew);
    this.#wasNew = isNewsTurn;
    if (!isNewsTurn) {
      this.#failed.delete(oldest);
      return [oldest];
    }
    const names = [...this.#changed].slice(0, this.#options.batchSize);
    for (const name of names) this.#changed.delete(name);
    return names;
  }
}
