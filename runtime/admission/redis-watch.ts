import { z } from 'zod';
import { podKeys } from '#crds/projection/keys.ts';
import { ALL_SHARDS } from '#crds/projection/shard.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { Loop } from '#lib/lifecycle/loop.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import { Script } from '#lib/redis/script.ts';
import { isAway, type Redis, serverOf } from '#lib/redis/servers.ts';
import type { RedisClock } from '#runtime/store/redis-clock.ts';

const serverTime = new Script({
  name: 'server-time',
  keys: ['pods'],
  lua: `return redis.call('TIME')`,
  reply: z.tuple([z.string(), z.string()]),
});

const PERIOD_MS = 250;
/** A reply later than this is none: webhooks have to be answered in less than 2 s. */
const PATIENCE_MS = 500;
/** So many questions in a row without a reply: one alone may be a pause of this process. */
const MISSES = 2;

export interface RedisWatchOptions {
  readonly redis: Redis;
  /** namespace/name of the VoiceRuntime. */
  readonly runtime: string;
  /** Called when a server is there again, once none is away until it resolves true, and while `isAwaited`. */
  readonly onBack: () => Promise<boolean>;
  /**
   * Whether something waits that could be brought now: its server may have been away for less than a look takes,
   * or have come back while another went.
   */
  readonly isAwaited: () => boolean;
  /** Is told what time it is there. */
  readonly redisClock: Pick<RedisClock, 'heard'>;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Whether the server of a key is there, known before anybody has to wait for it: a lost connection at once,
 * one that is silent (a cut network) or answers only with errors (a Cluster that is down) after about a
 * second. On a Cluster that is a matter of the key; else all keys are there or away together. Each
 * look also asks for Redis' time.
 */
export class RedisWatch implements Service {
  readonly name = 'redis watch';
  readonly #options: RedisWatchOptions;
  readonly #loop: Loop;
  /** One key in each slot that this pod works in. */
  readonly #keys: readonly string[];
  readonly #podsKey: string;
  readonly #misses = new Map<string, number>();
  #wereAway = 0;
  #unsettled = false;
  #lastAwayMs: number;

  constructor(options: RedisWatchOptions) {
    this.#options = options;
    this.#lastAwayMs = options.clock.monotonic();
    this.#podsKey = podKeys.runtimePods(options.runtime);
    this.#keys = [...ALL_SHARDS.map((shard) => `watch:{${shard}}`), this.#podsKey];
    this.#loop = new Loop({ clock: options.clock, step: () => this.#look() });
  }

  away(key: string): boolean {
    const { redis } = this.#options;
    const server = serverOf(redis, key);
    return isAway(redis, key) || server === undefined || (this.#misses.get(server) ?? 0) >= MISSES;
  }

  /** For how long pods could be heard of without a break; 0 while Redis is away for their heartbeats. */
  get presentForMs(): number {
    return this.away(this.#podsKey) ? 0 : this.#options.clock.monotonic() - this.#lastAwayMs;
  }

  /** The time is known before anybody stores one. */
  async start(fail: (error: unknown) => void): Promise<void> {
    await this.#askTime();
    this.#loop.start(fail);
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
  }

  async #look(): Promise<number> {
    const { log, onBack, isAwaited, clock } = this.#options;
    const werePodsAway = this.away(this.#podsKey);
    await Promise.all([this.#askServers(), this.#askTime()]);
    const away = this.#keys.filter((key) => this.away(key)).length;
    if (werePodsAway || this.away(this.#podsKey)) this.#lastAwayMs = clock.monotonic();
    if (away > 0) this.#unsettled = true;
    if (away !== this.#wereAway) {
      log[away > 0 ? 'error' : 'info'](
        { away, of: this.#keys.length },
        'shards of Redis went away or came back',
      );
    }
    const someCameBack = away === 0 || away < this.#wereAway;
    this.#wereAway = away;
    if ((this.#unsettled && someCameBack) || isAwaited()) this.#unsettled = !(await onBack()) || away > 0;
    return PERIOD_MS;
  }

  /** The time of the server that all pods of the runtime have in common; without it, the last one goes on. */
  async #askTime(): Promise<void> {
    const { redis, redisClock, clock, log } = this.#options;
    const askedMs = clock.monotonic();
    try {
      const time = await serverTime.run(redis, { pods: this.#podsKey }, []);
      redisClock.heard(time, clock.monotonic() - askedMs);
    } catch (error) {
      log.debug({ err: error }, 'Redis did not say what time it is');
    }
  }

  /** Asks each server for one of its keys: one that answers PING may still refuse those. */
  async #askServers(): Promise<void> {
    const keyOf = new Map(this.#keys.map((key) => [serverOf(this.#options.redis, key), key]));
    for (const server of this.#misses.keys()) if (!keyOf.has(server)) this.#misses.delete(server);
    await Promise.all(
      [...keyOf].map(async ([server, key]) => {
        if (server === undefined) return;
        const missed = (await this.#answers(key)) ? 0 : (this.#misses.get(server) ?? 0) + 1;
        this.#misses.set(server, missed);
      }),
    );
  }

  async #answers(key: string): Promise<boolean> {
    const { redis, clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    // Where this process stood still, the reply may be there and unread: what has come is read before that.
    const cancel = clock.after(PATIENCE_MS, () => setImmediate(() => resolve(false)));
    redis.exists(key).then(
      () => resolve(true),
      () => resolve(false),
    );
    const answered = await promise;
    cancel();
    return answered;
  }
}
