import { z } from 'zod';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { isAbort } from '#lib/errors/operating-error.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { mastersOf } from '#lib/redis/servers.ts';
import type { Carrier } from '#runtime/carrier/carrier.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { giveBackSweepTurn, takeSweepTurn } from './sweep-turn.ts';

/** Between two sweeps of a runtime, whichever pods make them: recordings are kept for whole days. */
const PERIOD_MS = 24 * 3_600_000;
/** Between two attempts of a pod to get its turn. */
const TURN_MS = 60_000;
/** Between two numbers: ten thousand take an hour and a half, and nobody on a call waits for this. */
const PACE_MS = 500;
const DAY_MS = 24 * 3_600_000;

const routeSchema = z.object({ number: z.string(), tenantID: z.uuid(), runtime: z.string() });
const retentionSchema = z.object({ recording: z.object({ retentionDays: z.number().int().positive() }) });

export interface RecordingRetentionOptions {
  readonly redis: Redis;
  readonly pod: string;
  readonly runtime: string;
  readonly carrier: Pick<Carrier, 'recordingsOf' | 'deleteRecording'>;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Deletes recordings at the carrier when the days are over for which their tenant keeps them, a pod at a time, once a
 * day: number by number, of what our application recorded on calls to it. Nothing is remembered for that: the carrier
 * knows what there is, and a tenant that keeps recordings for fewer days is understood at the next sweep.
 */
export class RecordingRetention implements Service {
  readonly name = 'recording retention';
  readonly #options: RecordingRetentionOptions;
  readonly #loop: Loop;

  constructor(options: RecordingRetentionOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: (signal) => this.#sweepInTurn(signal) });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #sweepInTurn(signal: AbortSignal): Promise<number> {
    const { redis, pod, runtime, log } = this.#options;
    const key = storeKeys.recordingSweep(runtime);
    try {
      if (!(await takeSweepTurn(redis, { key, pod, periodMs: PERIOD_MS, minAgeMs: PERIOD_MS })))
        return TURN_MS;
      // What it leaves is there tomorrow; a pod that ends meanwhile leaves it to the next.
      await this.sweep(signal).catch(async (error: unknown) => {
        await giveBackSweepTurn(redis, key);
        throw error;
      });
    } catch (error) {
      if (!isAbort(error)) log.warn({ err: error }, 'old recordings could not be deleted');
    }
    return TURN_MS;
  }

  /** One look at all numbers. Throws what Redis throws. */
  async sweep(signal?: AbortSignal): Promise<void> {
    const { redis, clock } = this.#options;
    for (const server of mastersOf(redis)) {
      let cursor = '0';
      do {
        const [next, keys] = await server.scan(cursor, 'MATCH', projectionKeys.did('*'), 'COUNT', 100);
        cursor = next;
        for (const key of keys) {
          signal?.throwIfAborted();
          if (await this.#sweepNumber(key)) await clock.sleep(PACE_MS, signal);
        }
      } while (cursor !== '0');
    }
  }

  /** False where the number is of another runtime, or of nobody. */
  async #sweepNumber(key: string): Promise<boolean> {
    const { carrier, runtime, clock, log } = this.#options;
    const route = await this.#read(key, routeSchema);
    if (route?.runtime !== runtime) return false;
    const profile = await this.#read(projectionKeys.tenant(route.tenantID), retentionSchema);
    if (!profile) return false;
    const beforeMs = clock.now() - profile.recording.retentionDays * DAY_MS;
    const expired = await carrier.recordingsOf(route.number, beforeMs);
    let deleted = 0;
    for (const id of expired ?? []) deleted += (await carrier.deleteRecording(id)) ? 1 : 0;
    const { tenantID } = route;
    if (deleted > 0) log.info({ tenantID, deleted }, 'recordings were deleted, as the tenant wants');
    return true;
  }

  /** Past what pods remember of numbers and tenants: it would push out those that are called. */
  async #read<T extends z.ZodType>(key: string, schema: T): Promise<z.output<T> | undefined> {
    const value = await this.#options.redis.hget(key, PROJECTED_FIELDS.value);
    return value === null ? undefined : schema.safeParse(JSON.parse(value)).data;
  }
}
