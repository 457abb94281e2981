import { erasureKeys } from '#crds/projection/keys.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import type { Database } from '../database/database.ts';

export interface TellRuntimesOptions {
  /** As the worker role. */
  readonly database: Database;
  readonly redis: Redis;
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
  readonly #loop: Loop;

  constructor(options: TellRuntimesOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: () => this.#step() });
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
    const { database, redis } = this.#options;
    const runtimes = await database.query<{ runtime: string }>(
      'SELECT DISTINCT runtime FROM erased_recordings',
    );
    for (const { runtime } of runtimes) await this.#forget(runtime);
    await database.transaction(async (client) => {
      const { rows } = await client.query<{ runtime: string; carrier_leg_id: string }>(
        `UPDATE erased_recordings SET told_at = now() WHERE carrier_leg_id IN (
           SELECT carrier_leg_id FROM erased_recordings
            WHERE told_at IS NULL OR told_at < now() - interval '1 hour'
            LIMIT ${BATCH_ROWS} FOR UPDATE SKIP LOCKED)
         RETURNING runtime, carrier_leg_id`,
      );
      for (const { runtime, carrier_leg_id } of rows) {
        await redis.sadd(erasureKeys.recordings(runtime), carrier_leg_id);
      }
      await client.query(`DELETE FROM erased_recordings WHERE erased_at < now() - interval '90 days'`);
    });
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
    await redis.srem(erasureKeys.gone(runtime), ...gone);
  }
}
