import { PROJECTED_FIELDS, podKeys } from '#crds/projection/keys.ts';
import { HEARTBEAT_STALE_MS, type PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { parsePod } from '#runtime/admission/pod-slots.ts';
import { rescueKey } from '#runtime/store/store-keys.ts';
import { beatScript, forgetPodScript, stalePodsScript } from './pod-scripts.ts';

/**
 * How long a silent pod stays known, so that its calls are found and it can be asked after them: longer
 * than Redis may be away. One that is dead is forgotten as soon as nothing is left of it.
 */
const KEPT_MS = 10 * 60_000;
/** How long one pod alone looks after a silent one. */
const CLAIM_MS = 1_000;
/** How many silent pods are looked at together. */
const MAX_STALE = 16;

/** A pod that has not been heard of for a while. */
export interface SilentPod {
  readonly name: string;
  /** What it said last; undefined where that is forgotten. */
  readonly last: PodHeartbeat | undefined;
}

/** The pods of one runtime as they make themselves known. Throws what Redis throws. */
export class PodRegistry {
  readonly #redis: Redis;
  readonly #runtime: string;

  constructor(redis: Redis, runtime: string) {
    this.#redis = redis;
    this.#runtime = runtime;
  }

  async beat(heartbeat: PodHeartbeat): Promise<void> {
    const { pod } = heartbeat;
    await beatScript.run(this.#redis, this.#keys(pod), [pod, JSON.stringify(heartbeat), KEPT_MS]);
  }

  /** Takes a pod off the list that goes in order. */
  async signOff(pod: string): Promise<void> {
    await this.#redis.zrem(podKeys.runtimePods(this.#runtime), pod);
    await this.#redis.del(podKeys.pod(this.#runtime, pod));
  }

  /** At most 16 pods that have missed their heartbeats, the longest silent first. */
  async silent(): Promise<readonly SilentPod[]> {
    const keys = { pods: podKeys.runtimePods(this.#runtime) };
    const names = await stalePodsScript.run(this.#redis, keys, [HEARTBEAT_STALE_MS, MAX_STALE]);
    return Promise.all(
      names.map(async (name) => ({
        name,
        last: parsePod(await this.#redis.hget(podKeys.pod(this.#runtime, name), PROJECTED_FIELDS.value)),
      })),
    );
  }

  /** Whether the caller, of all pods, is to look after a silent one now; for a second. */
  async claim(pod: string): Promise<boolean> {
    return (await this.#redis.set(rescueKey(this.#runtime, pod), '1', 'PX', CLAIM_MS, 'NX')) === 'OK';
  }

  /** A silent pod is alive all the same. */
  async keep(pod: string): Promise<void> {
    await this.#redis.pexpire(podKeys.pod(this.#runtime, pod), KEPT_MS);
  }

  /** Takes a dead pod off the list, unless it has been heard of meanwhile. */
  async forget(pod: string): Promise<void> {
    await forgetPodScript.run(this.#redis, this.#keys(pod), [pod, HEARTBEAT_STALE_MS]);
  }

  #keys(pod: string) {
    return { pods: podKeys.runtimePods(this.#runtime), pod: podKeys.pod(this.#runtime, pod) };
  }
}
