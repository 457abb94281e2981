import { Gauge } from 'prom-client';
import { erasureKeys } from '#crds/projection/keys.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import type { Database } from '../database/database.ts';

export interface TellRuntimesOptions {
  /** As the worker role. */
  readonly database: Database;
  readonly redis: Redis;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
}

const PERIOD_MS = 30_000;
const BATCH_ROWS = 500;

/**
 * Names in Redis what was recorded of erased callers, and of calls whose days are over, for the runtimes to delete it at
 * the carrier: every hour until the runtime says that it is gone, for 90 days at most, in which a runtime comes back.
 *
 *   erased_recordings ─▶ erased-recordings:{runtime} ─▶ (the runtime, at the carrier) ─▶ erased-recordings-gone ─▶ forgotten
 */
export class TellRuntimes implements Service {
  readonly name = 'erased recordings';
  readonly #options: TellRuntimesOptions;
  readonly #age: Gauge;
  readonly #loop: Loop;

  constructor(options: TellRuntimesOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: () => this.#step() });
    this.#age = new Gauge({
      name: 'veralux_erased_recordings_age_seconds',
      help: 'How long the oldest recording waits for a runtime to delete it at the carrier; 0: there is none.',
      registers: [options.registry],
    });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #step(): Promise<number> {
    try {
      await this.tell();
    } catch (error) {
      // Postgres or Redis is away: the rows are still there at the next look.
      this.#options.log.warn({ err: error }, 'erased recordings could not be named');
    }
    return PERIOD_MS;
  }

  /** Names those that are due. Several servers may do it at once. Throws what Postgres and Redis throw. */
  async tell(): Promise<void> {
    const { database } = this.#options;
    await database.query(`DELETE FROM erased_recordings WHERE erased_at < now() - interval '90 days'`);
    const rows = await database.query<{ runtime: string; age_seconds: number }>(
      `SELECT runtime, extract(epoch FROM now() - min(erased_at))::float8 AS age_seconds
         FROM erased_recordings GROUP BY runtime`,
    );
    this.#age.set(Math.max(0, ...rows.map((row) => row.age_seconds)));
    for (const { runtime } of rows) {
      await this.#forget(runtime);
      await this.#name(runtime);
    }
  }

  /** What a runtime found nothing left of. */
  async #forget(runtime: string): Promise<void> {
    const { database, redis } = this.#options;
    const gone = await redis.srandmember(erasureKeys.gone(runtime), BATCH_ROWS);
    if (gone.length === 0) return;
    await database.query('DELETE FROM erased_recordings WHERE runtime = $1 AND carrier_leg_id = ANY ($2)', [
      runtime,
      gone,
    ]);
    await redis.srem(erasureKeys.gone(runtime), gone);
  }

  /** What Redis does not take stays due. */
  async #name(runtime: string): Promise<void> {
    const { database, redis } = this.#options;
    const rows = await database.query<{ carrier_leg_id: string }>(
      `SELECT carrier_leg_id FROM erased_recordings
        WHERE runtime = $1 AND (told_at IS NULL OR told_at < now() - interval '1 hour')
        ORDER BY told_at NULLS FIRST LIMIT ${BATCH_ROWS}`,
      [runtime],
    );
    if (rows.length === 0) return;
    const legs = rows.map((row) => row.carrier_leg_id);
    await redis.sadd(erasureKeys.recordings(runtime), legs);
    await database.query('UPDATE erased_recordings SET told_at = now() WHERE carrier_leg_id = ANY ($1)', [
      legs,
    ]);
  }
}
