import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { monthOf } from '#runtime/call/settlement.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';

/** How many tenants are remembered; the one read longest ago goes first. */
const MAX_TENANTS = 10_000;

export interface Usage {
  readonly month: string;
  readonly calls: number;
  readonly callSeconds: number;
}

/** What this pod last read of its tenants' months, for the time that Redis is away. */
export class MonthUsage {
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #byTenant = new Map<string, Usage>();

  constructor(redis: Redis, clock: Clock, log: Logger) {
    this.#redis = redis;
    this.#clock = clock;
    this.#log = log;
  }

  /** Undefined where nothing is known of that month: unknown, not 0. */
  lastKnown(tenantID: string, month: string): Usage | undefined {
    const usage = this.#byTenant.get(tenantID);
    return usage?.month === month ? usage : undefined;
  }

  /** Reads a tenant's month again, beside everything else: nobody waits for it. */
  refresh(tenantID: string): void {
    const month = monthOf(this.#clock.now());
    this.#redis
      .hmget(storeKeys.counters(tenantID, month), 'calls', 'callSeconds')
      .then(([calls, callSeconds]) =>
        calls && callSeconds
          ? this.#remember(tenantID, { month, calls: Number(calls), callSeconds: Number(callSeconds) })
          : this.#byTenant.delete(tenantID),
      )
      .catch((error: unknown) => this.#log.debug({ err: error, tenantID }, 'a month could not be read'));
  }

  #remember(tenantID: string, usage: Usage): void {
    this.#byTenant.delete(tenantID);
    this.#byTenant.set(tenantID, usage);
    if (this.#byTenant.size <= MAX_TENANTS) return;
    const oldest = this.#byTenant.keys().next().value;
    if (oldest !== undefined) this.#byTenant.delete(oldest);
  }
}
