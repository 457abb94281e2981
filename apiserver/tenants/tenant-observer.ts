import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Informer } from '#lib/kube/informer.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '../database/database.ts';
import { isUnavailable } from '../database/database-error.ts';
import type { ObservedRow, ObservedTenant } from './observed-tenant.ts';

export interface TenantObserverOptions {
  readonly informer: Pick<Informer<ObservedTenant>, 'get' | 'onChange'>;
  /** As the worker role. */
  readonly database: Database;
  /** On-prem: the initial administrator owns every tenant. */
  readonly isOnPrem: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

const BATCH_SIZE = 100;
const RETRY = { initialMs: 100, maxMs: 5_000 };

/**
 * Keeps a row of each Tenant as it is observed, also of those made with kubectl. Deletion changes
 * nothing here: absence of a resource is no order to forget.
 */
export class TenantObserver implements Service {
  readonly name = 'tenant observer';
  readonly #options: TenantObserverOptions;
  readonly #ending = new AbortController();
  /** Names of Tenants whose rows are to be looked at: bounded by how many Tenants there are. */
  readonly #changed = new Set<string>();
  #wake = Promise.withResolvers<void>();
  #loop: Promise<void> | undefined;
  #unsubscribe: () => void = () => undefined;

  constructor(options: TenantObserverOptions) {
    this.#options = options;
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#unsubscribe = this.#options.informer.onChange((key) => {
      this.#changed.add(key);
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
    const { clock, log } = this.#options;
    const { signal } = this.#ending;
    let attempt = 0;
    while (!signal.aborted) {
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
      while (this.#changed.size > 0 && !signal.aborted) {
        const keys = [...this.#changed].slice(0, BATCH_SIZE);
        for (const key of keys) this.#changed.delete(key);
        try {
          await this.#record(keys);
          attempt = 0;
        } catch (error) {
          for (const key of keys) this.#changed.add(key);
          const delayMs = backoffMs(attempt, RETRY);
          attempt += 1;
          log.warn({ err: error, delayMs }, 'observed tenants could not be recorded yet');
          await clock.sleep(delayMs, signal).catch(() => undefined);
        }
      }
    }
  }

  async #record(keys: readonly string[]): Promise<void> {
    const { informer, log } = this.#options;
    const rows = keys.flatMap((key) => informer.get(key)?.row ?? []);
    try {
      await this.#write(rows);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      // One row that Postgres will not have must not keep the others out.
      for (const row of rows) {
        try {
          await this.#write([row]);
        } catch (rowError) {
          if (isUnavailable(rowError)) throw rowError;
          log.error({ err: rowError, tenant: row.name }, 'an observed tenant could not be recorded');
        }
      }
    }
  }

  async #write(rows: readonly ObservedRow[]): Promise<void> {
    if (rows.length === 0) return;
    // In one order on every replica, so that two of them never lock the same rows crosswise.
    const sorted = rows.toSorted((a, b) => (a.tenant_id < b.tenant_id ? -1 : 1));
    await this.#options.database.transaction(async (client) => {
      await client.query(UPSERT, [JSON.stringify(sorted)]);
      if (!this.#options.isOnPrem) return;
      await client.query(
        `INSERT INTO memberships (tenant_id, user_id, role)
         SELECT tenant_id, user_id, 'Owner' FROM unnest($1::uuid[]) AS tenant_id, users WHERE initial_admin
         ON CONFLICT DO NOTHING`,
        [sorted.map((row) => row.tenant_id)],
      );
    });
  }
}

const UPSERT = `
  INSERT INTO tenants AS t (tenant_id, name, display_name, contact_name, contact_email, plan, limits,
                            source, observed_generation, observed_at)
  SELECT tenant_id, name, display_name, contact_name, contact_email, plan, limits,
         'Resource', observed_generation, now()
    FROM jsonb_to_recordset($1::jsonb) AS x (
      tenant_id uuid, name text, display_name text, contact_name text, contact_email text,
      plan text, limits jsonb, observed_generation bigint)
  ON CONFLICT (tenant_id) DO UPDATE SET
    name = excluded.name, display_name = excluded.display_name, contact_name = excluded.contact_name,
    contact_email = excluded.contact_email, plan = excluded.plan, limits = excluded.limits,
    observed_generation = excluded.observed_generation, observed_at = now()
  WHERE (t.name, t.display_name, t.contact_name, t.contact_email, t.plan, t.limits, t.observed_generation)
        IS DISTINCT FROM
        (excluded.name, excluded.display_name, excluded.contact_name, excluded.contact_email, excluded.plan,
         excluded.limits, excluded.observed_generation)`;
