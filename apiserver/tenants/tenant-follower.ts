import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Informer } from '#lib/kube/informer.ts';
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

/** Calls `work` with the names of Tenants that changed, each again until it did not throw. */
export class TenantFollower implements Service {
  readonly name: string;
  readonly #options: TenantFollowerOptions;
  readonly #ending = new AbortController();
  /** Names to be looked at: bounded by how many Tenants there are. */
  readonly #changed = new Set<string>();
  #wake = Promise.withResolvers<void>();
  #loop: Promise<void> | undefined;
  #unsubscribe: () => void = () => undefined;

  constructor(options: TenantFollowerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#unsubscribe = this.#options.informer.onChange((name) => {
      this.#changed.add(name);
      this.#wake.resolve();
    });
    this.#loop = this.#run().catch(fail);
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#ending.abort();
    this.#wake.resolve();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    let failures = 0;
    while (!signal.aborted) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
      while (this.#changed.size > 0 && !signal.aborted) {
        failures = (await this.#next(failures)) ? 0 : failures + 1;
      }
    }
  }

  /** Whether the oldest names were worked on; those that failed come after the others. */
  async #next(failures: number): Promise<boolean> {
    const { work, batchSize, clock, log } = this.#options;
    const names = [...this.#changed].slice(0, batchSize);
    for (const name of names) this.#changed.delete(name);
    try {
      await work(names);
      return true;
    } catch (error) {
      for (const name of names) this.#changed.add(name);
      const delayMs = backoffMs(failures, RETRY);
      log.warn({ err: error, service: this.name, delayMs }, 'changed tenants could not be worked on yet');
      await clock.sleep(delayMs, this.#ending.signal).catch(() => undefined);
      return false;
    }
  }
}
