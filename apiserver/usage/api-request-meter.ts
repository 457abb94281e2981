import { randomUUID } from 'node:crypto';
import type { Clock } from '#lib/clock/clock.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '../database/database.ts';
import type { NotificationOutbox } from '../notifications/notification-outbox.ts';
import { utcMonthOf } from './month.ts';

export interface ApiRequestMeterOptions {
  /** As the worker role. */
  readonly database: Pick<Database, 'transaction'>;
  readonly outbox: Pick<NotificationOutbox, 'noteLimits' | 'wake'>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Delta {
  readonly tenant_id: string;
  readonly month: string;
  readonly quantity: number;
}

const FLUSH_PERIOD_MS = 1_000;

/**
 * Counts the API requests of each tenant and writes what was added, each second. A write is named by
 * this process and a sequence number, and repeated under the same name until it is known to be in:
 * a kill -9 loses at most a second, and nothing is counted twice.
 */
export class ApiRequestMeter implements Service {
  readonly name = 'API request meter';
  readonly #options: ApiRequestMeterOptions;
  readonly #bootID = randomUUID();
  /** By tenant and month. Bounded by the tenants that call within a flush period. */
  #counting = new Map<string, Delta>();
  #unwritten: readonly Delta[] = [];
  #sequence = 0;
  #cancelTimer: () => void = () => undefined;
  #flushing: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: ApiRequestMeterOptions) {
    this.#options = options;
  }

  count(tenantID: string): void {
    const month = utcMonthOf(this.#options.clock.now());
    const key = `${tenantID}/${month}`;
    const quantity = (this.#counting.get(key)?.quantity ?? 0) + 1;
    this.#counting.set(key, { tenant_id: tenantID, month, quantity });
  }

  async start(): Promise<void> {
    this.#schedule();
  }

  /** Writes what is still in hand; at most once, for the store may be away. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelTimer();
    await this.#flushing;
    await this.#flush();
  }

  #schedule(): void {
    if (this.#isStopped) return;
    this.#cancelTimer = this.#options.clock.after(FLUSH_PERIOD_MS, () => {
      this.#flushing = this.#flush().finally(() => this.#schedule());
    });
  }

  async #flush(): Promise<void> {
    try {
      if (this.#unwritten.length > 0) await this.#write();
      if (this.#counting.size === 0) return;
      this.#unwritten = [...this.#counting.values()];
      this.#counting = new Map();
      this.#sequence += 1;
      await this.#write();
    } catch (error) {
      this.#options.log.warn(
        { err: error },
        'API requests could not be counted yet; they are kept and written later',
      );
    }
  }

  async #write(): Promise<void> {
    const { outbox } = this.#options;
    const eventID = `${this.#bootID}/${this.#sequence}`;
    await this.#options.database.transaction(async (client) => {
      await client.query(
        `WITH added AS (
           INSERT INTO usage_events (tenant_id, source, event_id, metric, quantity, month, occurred_at)
           SELECT tenant_id, 'ApiServer', $1 || '/' || month, 'api_requests', quantity, month, $2::timestamptz
             FROM jsonb_to_recordset($3::jsonb) AS x (tenant_id uuid, month text, quantity bigint)
             -- One that was purged meanwhile must not keep the others out.
             JOIN tenants USING (tenant_id)
           ON CONFLICT DO NOTHING
           RETURNING tenant_id, month, metric, quantity)
         INSERT INTO usage_counters AS c (tenant_id, month, metric, quantity)
         SELECT * FROM added ORDER BY tenant_id, month
         ON CONFLICT (tenant_id, month, metric) DO UPDATE SET quantity = c.quantity + excluded.quantity`,
        [eventID, new Date(this.#options.clock.now()), JSON.stringify(this.#unwritten)],
      );
      await outbox.noteLimits(
        client,
        this.#unwritten.map(({ tenant_id: tenantID }) => tenantID),
      );
    });
    outbox.wake();
    this.#unwritten = [];
  }
}
