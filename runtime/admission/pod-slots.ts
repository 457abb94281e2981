import { z } from 'zod';
import { podKeys } from '#crds/projection/keys.ts';
import { HEARTBEAT_STALE_MS, type PodHeartbeat, podHeartbeatSchema } from '#crds/projection/pod-heartbeat.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { Script } from '#lib/redis/script.ts';

/**
 * How long a reserved slot waits for its call's media socket: longer than answering and all tries
 * of attaching. The pod that holds the call renews it with each heartbeat.
 */
const RESERVATION_MS = 60_000;
/** How many pods are tried for one call before it is refused. */
const MAX_PODS_TRIED = 8;

/** Reserves: replies 1 when the call has a slot (also when it had it already), 0 when all are taken. */
const reserveSlot = new Script({
  name: 'reserve-slot',
  keys: ['slots'],
  lua: `
    redis.call('ZREMRANGEBYSCORE', slots, '-inf', ARGV[2])
    if not redis.call('ZSCORE', slots, ARGV[1]) and redis.call('ZCARD', slots) >= tonumber(ARGV[4]) then
      return 0
    end
    redis.call('ZADD', slots, ARGV[3], ARGV[1])
    redis.call('PEXPIREAT', slots, tonumber(ARGV[3]) + 60000)
    return 1`,
  reply: z.literal([0, 1]),
});

/** The slots of one runtime's pods: who has room, and who holds which call. */
export class PodSlots {
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #runtime: string;

  constructor(redis: Redis, clock: Clock, runtime: string) {
    this.#redis = redis;
    this.#clock = clock;
    this.#runtime = runtime;
  }

  /** The pods that serve and were heard of lately, the emptiest first. */
  async servingPods(): Promise<readonly PodHeartbeat[]> {
    const since = this.#clock.now() - HEARTBEAT_STALE_MS;
    const names = await this.#redis.zrangebyscore(podKeys.runtimePods(this.#runtime), since, '+inf');
    const pods = await Promise.all(names.map((name) => this.#withReserved(name)));
    return pods
      .filter(({ pod }) => pod?.state === 'Serving')
      .sort((a, b) => a.share - b.share)
      .flatMap(({ pod }) => pod ?? []);
  }

  /** A pod and the share of its slots that are reserved now: newer than its heartbeat. */
  async #withReserved(name: string): Promise<{ pod: PodHeartbeat | undefined; share: number }> {
    const [pod, reserved] = await Promise.all([
      this.pod(name),
      this.#redis.zcard(podKeys.slots(this.#runtime, name)),
    ]);
    return { pod, share: reserved / Math.max(1, pod?.slots ?? 0) };
  }

  /** A pod's last heartbeat, undefined when it is stale or there is none. */
  async pod(name: string): Promise<PodHeartbeat | undefined> {
    const value = await this.#redis.hget(podKeys.pod(this.#runtime, name), 'value');
    if (!value) return undefined;
    const pod = podHeartbeatSchema.safeParse(JSON.parse(value)).data;
    return pod && pod.at > this.#clock.now() - HEARTBEAT_STALE_MS ? pod : undefined;
  }

  /** Reserves a slot for a call on the emptiest pod; undefined when there is none. */
  async reserve(callID: string): Promise<PodHeartbeat | undefined> {
    for (const pod of (await this.servingPods()).slice(0, MAX_PODS_TRIED)) {
      if (await this.reserveOn(pod.pod, callID, pod.slots)) return pod;
    }
    return undefined;
  }

  /** Reserves or renews a call's slot on one pod. */
  async reserveOn(pod: string, callID: string, slots: number): Promise<boolean> {
    const nowMs = this.#clock.now();
    const key = podKeys.slots(this.#runtime, pod);
    return (
      (await reserveSlot.run(this.#redis, { slots: key }, [callID, nowMs, nowMs + RESERVATION_MS, slots])) ===
      1
    );
  }

  /** How many slots of a pod are reserved. */
  held(pod: string): Promise<number> {
    return this.#redis.zcount(podKeys.slots(this.#runtime, pod), this.#clock.now(), '+inf');
  }

  async release(pod: string, callID: string): Promise<void> {
    await this.#redis.zrem(podKeys.slots(this.#runtime, pod), callID);
  }
}
