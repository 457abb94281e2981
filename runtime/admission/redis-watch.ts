import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';

const PERIOD_MS = 250;
/** A reply later than this is none: webhooks have to be answered in less than 2 s. */
const PATIENCE_MS = 500;
/** So many questions in a row without a reply: one alone may be a pause of this process. */
const MISSES = 2;

export interface RedisWatchOptions {
  readonly redis: Pick<Redis, 'ping' | 'status'>;
  /** Called while Redis is there, after each time it was away, until it resolves true. */
  readonly onBack: () => Promise<boolean>;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Whether Redis is there, known before anybody has to wait for it: a lost connection at once, one
 * that is silent (a cut network) after about a second.
 */
export class RedisWatch implements Service {
  readonly name = 'redis watch';
  readonly #options: RedisWatchOptions;
  readonly #loop: Loop;
  #misses = 0;
  #unsettled = false;
  #lastAwayMs: number;

  constructor(options: RedisWatchOptions) {
    this.#options = options;
    this.#lastAwayMs = options.clock.monotonic();
    this.#loop = new Loop({ clock: options.clock, step: () => this.#look() });
  }

  get away(): boolean {
    return this.#options.redis.status !== 'ready' || this.#misses >= MISSES;
  }

  /** For how long Redis has been there without a break; 0 while it is away. */
  get presentForMs(): number {
    return this.away ? 0 : this.#options.clock.monotonic() - this.#lastAwayMs;
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #look(): Promise<number> {
    const { log, onBack, clock } = this.#options;
    const was = this.away;
    this.#misses = (await this.#answers()) ? 0 : this.#misses + 1;
    const { away } = this;
    if (away || was) this.#lastAwayMs = clock.monotonic();
    if (away) this.#unsettled = true;
    if (away !== was) log[away ? 'error' : 'info']({ away }, 'Redis went away or came back');
    if (!away && this.#unsettled) this.#unsettled = !(await onBack());
    return PERIOD_MS;
  }

  async #answers(): Promise<boolean> {
    const { redis, clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = clock.after(PATIENCE_MS, () => resolve(false));
    redis.ping().then(
      () => resolve(true),
      () => resolve(false),
    );
    const answered = await promise;
    cancel();
    return answered;
  }
}
