import { erasureKeys } from '#crds/projection/keys.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { isAbort } from '#lib/errors/operating-error.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import type { Carrier } from '#runtime/carrier/carrier.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { takeSweepTurn } from './sweep-turn.ts';

/** Between two looks of a runtime, whichever pods take them: an erasure is a matter of minutes. */
const PERIOD_MS = 60_000;
/** Between two calls, so that the carrier's rate limit is left to those that are held. */
const PACE_MS = 500;
/** So many in a look, which is over before the next one is due. */
const BATCH = 50;

export interface RecordingErasureOptions {
  readonly redis: Redis;
  readonly pod: string;
  readonly runtime: string;
  readonly carrier: Pick<Carrier, 'recordingsOfLeg' | 'deleteRecording'>;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Deletes at the carrier what it recorded of callers who were erased, of tenants who were purged, and of calls whose days
 * are over. The API server judges each call and names its leg in Redis, again until it is told that nothing is left: what
 * is lost there meanwhile is not forgotten, and neither number nor tenant has to be there still.
 */
export class RecordingErasure implements Service {
  readonly name = 'recording erasure';
  readonly #options: RecordingErasureOptions;
  readonly #loop: Loop;

  constructor(options: RecordingErasureOptions) {
    this.#options = options;
    this.#loop = new Loop({ clock: options.clock, step: (signal) => this.#lookInTurn(signal) });
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #lookInTurn(signal: AbortSignal): Promise<number> {
    const { redis, pod, runtime, log } = this.#options;
    const turn = { key: storeKeys.recordingErasure(runtime), pod, periodMs: PERIOD_MS, minAgeMs: PERIOD_MS };
    try {
      if (await takeSweepTurn(redis, turn)) await this.erase(signal);
    } catch (error) {
      if (!isAbort(error)) log.warn({ err: error }, 'recordings could not be deleted');
    }
    return PERIOD_MS;
  }

  /** One look at what is named. Throws what Redis throws. */
  async erase(signal?: AbortSignal): Promise<void> {
    const { redis, runtime, clock, log } = this.#options;
    const key = erasureKeys.recordings(runtime);
    let deleted = 0;
    for (const legID of await redis.srandmember(key, BATCH)) {
      signal?.throwIfAborted();
      const found = await this.#deleteOf(legID);
      if (found === undefined) continue;
      deleted += found;
      await redis.smove(key, erasureKeys.gone(runtime), legID);
      await clock.sleep(PACE_MS, signal);
    }
    if (deleted > 0) log.info({ deleted }, 'recordings were deleted');
  }

  /** How many there were; undefined where the carrier did not say, or still has one. */
  async #deleteOf(legID: string): Promise<number | undefined> {
    const { carrier } = this.#options;
    const recordings = await carrier.recordingsOfLeg(legID);
    for (const id of recordings ?? []) if (!(await carrier.deleteRecording(id))) return undefined;
    return recordings?.length;
  }
}
