import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { isAbort } from '#lib/errors/operating-error.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Engines } from './engines/create-engines.ts';

/**
 * Warms the engines in the background and says whether they are: until then the pod holds no calls,
 * but answers webhooks, so that calls are told "busy" and not left ringing.
 */
export class EnginesService implements Service {
  readonly name = 'engines';
  readonly #engines: Engines;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  #warming: Promise<void> | undefined;
  #warm = false;

  constructor(engines: Engines, log: Logger, clock: Clock) {
    this.#engines = engines;
    this.#log = log;
    this.#clock = clock;
  }

  get warm(): boolean {
    return this.#warm;
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#warming = this.#warmUp().catch(fail);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#warming;
    await this.#engines.close();
  }

  async #warmUp(): Promise<void> {
    const { signal } = this.#ending;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await this.#engines.warm(signal);
        this.#warm = true;
        this.#log.info({}, 'the engines are warm');
        return;
      } catch (error) {
        if (isAbort(error) || signal.aborted) return;
        this.#log.warn({ err: error, attempt }, 'the engines do not answer yet');
      }
      await this.#clock
        .sleep(backoffMs(attempt, { initialMs: 200, maxMs: 5_000 }), signal)
        .catch((error: unknown) => {
          if (!isAbort(error)) throw error;
        });
    }
  }
}
