import { PROJECTED_FIELDS, podKeys } from '#crds/projection/keys.ts';
import { HEARTBEAT_STALE_MS, type PodHeartbeat, podHeartbeatSchema } from '#crds/projection/pod-heartbeat.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { RedisUnavailable } from '#operator/projection/projector.ts';

/** More pods than any runtime may have. */
const MAX_PODS = 1_000;
/** Redis answers in milliseconds; a look at a runtime does not wait longer than this for heartbeats. */
const ANSWER_MS = 500;
/** While Redis does not answer it is asked so often, for all runtimes together. */
const ASK_AGAIN_MS = 1_000;
/** An answer that is late once is no news: statuses are not written twice over it. */
const AWAY_AFTER_MS = 5_000;

export interface PodReportsOptions {
  readonly redis: Pick<Redis, 'zrange' | 'hget'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the pods of runtimes said last, as far as Redis can be asked. Says in the log when it cannot. */
export class PodReports {
  readonly #options: PodReportsOptions;
  /** What came of the last attempt, where that was a failure. */
  #failure: { readonly error: RedisUnavailable; readonly atMs: number } | undefined;
  /** By runtime, since when it was not heard of: of a Cluster's masters one may be away. */
  readonly #unheardSinceMs = new Map<string, number>();

  constructor(options: PodReportsOptions) {
    this.#options = options;
  }

  /** Whether Redis could not be asked about the runtime for so long that it is to be said. */
  isAway(runtime: string): boolean {
    const sinceMs = this.#unheardSinceMs.get(runtime);
    return sinceMs !== undefined && this.#options.clock.monotonic() - sinceMs >= AWAY_AFTER_MS;
  }

  forget(runtime: string): void {
    this.#unheardSinceMs.delete(runtime);
  }

  /**
   * What the pods of a runtime (`namespace/name`) said within the last heartbeats. A report that cannot
   * be read is left out. Throws RedisUnavailable, after half a second at most.
   */
  async of(runtime: string): Promise<readonly PodHeartbeat[]> {
    try {
      const reports = await this.#ask(runtime);
      this.#unheardSinceMs.delete(runtime);
      return reports;
    } catch (error) {
      const sinceMs = this.#unheardSinceMs.get(runtime) ?? this.#options.clock.monotonic();
      this.#unheardSinceMs.set(runtime, sinceMs);
      throw error;
    }
  }

  async #ask(runtime: string): Promise<readonly PodHeartbeat[]> {
    const { clock, log } = this.#options;
    const failure = this.#failure;
    if (failure !== undefined && clock.monotonic() - failure.atMs < ASK_AGAIN_MS) throw failure.error;
    try {
      const reports = await this.#inTime(this.#read(runtime));
      if (this.#failure !== undefined) log.info('heartbeats of pods can be read again');
      this.#failure = undefined;
      return reports;
    } catch (cause) {
      const error = new RedisUnavailable(cause);
      if (this.#failure === undefined) {
        log.warn(
          { error: messageOf(cause) },
          'heartbeats of pods cannot be read; runtimes keep what was known',
        );
      }
      this.#failure = { error, atMs: clock.monotonic() };
      throw error;
    }
  }

  async #read(runtime: string): Promise<readonly PodHeartbeat[]> {
    const { redis, clock } = this.#options;
    const since = clock.now() - HEARTBEAT_STALE_MS;
    const key = podKeys.runtimePods(runtime);
    const pods = await redis.zrange(key, since, '+inf', 'BYSCORE', 'LIMIT', 0, MAX_PODS);
    const texts = await Promise.all(
      pods.map((pod) => redis.hget(podKeys.pod(runtime, pod), PROJECTED_FIELDS.value)),
    );
    return texts.flatMap((text) => {
      const report = podHeartbeatSchema.safeParse(parseJSON(text));
      return report.success ? [report.data] : [];
    });
  }

  async #inTime<T>(answer: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    const cancel = this.#options.clock.after(ANSWER_MS, () => {
      late.reject(new Error(`no answer within ${ANSWER_MS} ms`));
    });
    try {
      return await Promise.race([answer, late.promise]);
    } finally {
      cancel();
    }
  }
}

function parseJSON(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}
