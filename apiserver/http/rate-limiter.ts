import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { Counter } from 'prom-client';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Registry } from '#lib/metrics/registry.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';

/**
 * What is counted apart from the rest: the requests of a network, of an account, of an API key; those of
 * a network or an account at one of the routes that take or mail a secret; and those for one e-mail address, from
 * wherever, at one that takes its password.
 */
export const BUDGETS = ['network', 'account', 'key', 'secrets', 'address'] as const;
export type Budget = (typeof BUDGETS)[number];

export interface RateSettings {
  /** Requests of a network, an account or a key in a window. */
  readonly max: number;
  /** The same at each of the routes that take or mail a secret. */
  readonly maxOfSecrets: number;
  readonly windowMs: number;
  /** How many replicas share the budgets: without Redis each gives out its part. */
  readonly replicas: number;
}

export interface RateLimiterOptions {
  /** Fails at once where Redis is away, and soon where it is silent. Undefined: this process counts alone. */
  readonly redis: Redis | undefined;
  readonly settings: RateSettings;
  /** Keys the names in Redis: networks and addresses of people are not stored. The same on every replica. */
  readonly secret: string;
  readonly registry: Registry;
}

/** What is left of a budget after a request. */
export interface RateState {
  readonly budget: Budget;
  readonly max: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Until all of it is there again. */
  readonly resetSeconds: number;
  readonly isExceeded: boolean;
}

/**
 * How many networks' worth of guesses there are for one address: whoever has fewer networks can lock nobody out, and 200 in
 * five minutes find no password of eight characters.
 */
const NETWORKS_PER_ADDRESS = 10;

/** So many subjects have their key remembered; then it begins anew. */
const MAX_KEYS = 10_000;

interface Counters {
  readonly max: number;
  readonly shared: RateLimiterRedis | undefined;
  readonly own: RateLimiterMemory;
}

/**
 * Counts requests in fixed windows that begin with the first one, in Redis for all replicas together. Where
 * Redis cannot be asked, each replica gives out its part from its own memory: nobody waits for Redis, and all
 * that is let through besides is one more budget in a window.
 */
export class RateLimiter {
  readonly #options: RateLimiterOptions;
  /** As a key: a text would be made one for each request. */
  readonly #secret: KeyObject;
  readonly #windowSeconds: number;
  /** By subject: whoever asks asks again, and a digest costs as much as the rest of a request's budget. */
  readonly #keys = new Map<string, string>();
  readonly #counters: ReadonlyMap<Budget, Counters>;
  readonly #refused: Counter<'budget'>;
  readonly #countedAlone: Counter;

  constructor(options: RateLimiterOptions) {
    this.#options = options;
    this.#secret = createSecretKey(`rate:${options.secret}`, 'utf8');
    // Redis is asked for whole seconds.
    this.#windowSeconds = Math.ceil(options.settings.windowMs / 1_000);
    this.#counters = new Map(BUDGETS.map((budget) => [budget, this.#countersOf(budget)]));
    const registers = [options.registry];
    this.#refused = new Counter({
      name: 'veralux_http_rate_limited_total',
      help: 'Requests refused because a budget was used up.',
      labelNames: ['budget'],
      registers,
    });
    this.#countedAlone = new Counter({
      name: 'veralux_http_rate_unshared_total',
      help: 'Requests counted in the memory of this replica because Redis could not be asked.',
      registers,
    });
  }

  /** Takes one request out of a budget of `subject`. Never throws, and waits no longer than one command may take. */
  async take(budget: Budget, subject: string): Promise<RateState> {
    const { max, shared, own } = this.#countersFor(budget);
    const key = this.#keyOf(subject);
    const result = (shared && (await consume(shared, key))) ?? (await this.#countAlone(own, key));
    if (result.isExceeded) this.#refused.inc({ budget });
    return {
      budget,
      max,
      windowSeconds: this.#windowSeconds,
      remaining: result.remaining,
      resetSeconds: Math.max(1, Math.ceil(result.resetMs / 1_000)),
      isExceeded: result.isExceeded,
    };
  }

  async #countAlone(own: RateLimiterMemory, key: string): Promise<Consumed> {
    if (this.#options.redis) this.#countedAlone.inc();
    const result = await consume(own, key);
    if (!result) throw new Error('memory cannot be away');
    return result;
  }

  #countersOf(budget: Budget): Counters {
    const { redis, settings } = this.#options;
    const max = maxOf(budget, settings);
    const shared = {
      keyPrefix: `rate:${budget}`,
      points: max,
      duration: this.#windowSeconds,
      // Whoever is over is refused from here on without asking Redis, so that a flood costs it nothing.
      inMemoryBlockOnConsumed: max,
      rejectIfRedisNotReady: true,
    };
    const points = redis ? Math.ceil(max / settings.replicas) : max;
    return {
      max,
      shared: redis && new RateLimiterRedis({ ...shared, storeClient: redis }),
      own: new RateLimiterMemory({ points, duration: this.#windowSeconds }),
    };
  }

  #countersFor(budget: Budget): Counters {
    const counters = this.#counters.get(budget);
    if (!counters) throw new Error(`no budget ${budget}`);
    return counters;
  }

  #keyOf(subject: string): string {
    const known = this.#keys.get(subject);
    if (known !== undefined) return known;
    if (this.#keys.size >= MAX_KEYS) this.#keys.clear();
    const key = createHmac('sha256', this.#secret).update(subject).digest('base64url').slice(0, 22);
    this.#keys.set(subject, key);
    return key;
  }
}

function maxOf(budget: Budget, { max, maxOfSecrets }: RateSettings): number {
  if (budget === 'secrets') return maxOfSecrets;
  return budget === 'address' ? maxOfSecrets * NETWORKS_PER_ADDRESS : max;
}

interface Consumed {
  readonly remaining: number;
  readonly resetMs: number;
  readonly isExceeded: boolean;
}

/** Undefined: the store could not be asked. */
async function consume(
  limiter: RateLimiterRedis | RateLimiterMemory,
  key: string,
): Promise<Consumed | undefined> {
  try {
    const { remainingPoints: remaining, msBeforeNext: resetMs } = await limiter.consume(key);
    return { remaining, resetMs, isExceeded: false };
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) return undefined;
    return { remaining: 0, resetMs: refusal.msBeforeNext, isExceeded: true };
  }
}
