import { podKeys } from '#crds/projection/keys.ts';
import { HEARTBEAT_PERIOD_MS, type PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { isAbort } from '#lib/errors/operating-error.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import type { PodSlots } from '#runtime/admission/pod-slots.ts';
import type { LiveCalls } from '#runtime/call/live-calls.ts';

/** A pod that was not heard of for this long is taken off the list. */
const FORGET_MS = 60_000;
/** How long a drained pod stays for the last hang-ups: above HANGUP_CONFIRM_MS, when they are given up. */
const SETTLE_MS = 20_000;
const SETTLE_POLL_MS = 200;

export interface PodOptions {
  readonly pod: string;
  readonly runtime: string;
  readonly mediaURL: string;
  readonly slotCount: number;
  readonly redis: Redis;
  readonly slots: PodSlots;
  readonly live: LiveCalls;
  /** False while the pod could not hold a call: it is not heard of until then. */
  readonly canServe: () => boolean;
  /** False while the pod is too busy: it keeps its calls, and says that it has no slot beside them. */
  readonly takesCalls: () => boolean;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * This pod among the pods of its runtime: says every second that it is there and renews the slots
 * of its calls. Draining takes it out of admission and waits for its calls and their settlement.
 */
export class Pod implements Service {
  readonly name = 'pod';
  readonly #options: PodOptions;
  readonly #ending = new AbortController();
  #state: PodHeartbeat['state'] = 'Serving';
  #beating: Promise<void> | undefined;
  #failures = 0;
  /** Whether admission knows of this pod. */
  #announced = false;

  constructor(options: PodOptions) {
    this.#options = options;
  }

  /** How many calls have their media here. */
  get calls(): number {
    return this.#options.live.size;
  }

  get draining(): boolean {
    return this.#state === 'Draining';
  }

  /** What keeps the pod from serving, for /readyz. */
  notReady(): readonly string[] {
    const reasons: string[] = [];
    if (this.draining) reasons.push('The pod is draining.');
    if (!this.#announced) reasons.push('The pod has not been announced to admission yet.');
    if (this.#failures > 0) reasons.push('Redis does not take the heartbeat.');
    return reasons;
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    await this.beat();
    this.#beating = this.#keepBeating().catch(fail);
  }

  async drain(): Promise<void> {
    this.#state = 'Draining';
    await this.beat().catch((error: unknown) => this.#options.log.warn({ err: error }, 'heartbeat failed'));
    await this.#options.live.empty();
    await this.#slotsFree();
  }

  /**
   * A call that was talked to its end still needs its hang-up confirmed, and this may be the only
   * pod there is to take that webhook. Its slot is given back with its settlement.
   */
  async #slotsFree(): Promise<void> {
    const { clock, slots, pod, log } = this.#options;
    const untilMs = clock.monotonic() + SETTLE_MS;
    try {
      while (clock.monotonic() < untilMs && (await slots.held(pod)) > 0) await clock.sleep(SETTLE_POLL_MS);
    } catch (error) {
      log.warn({ err: error }, 'a draining pod could not see whether its calls were settled');
    }
  }

  async stop(): Promise<void> {
    const { live, redis, runtime, pod, log } = this.#options;
    this.#ending.abort();
    await this.#beating;
    await live.endAll();
    try {
      await redis.zrem(podKeys.runtimePods(runtime), pod);
      await redis.del(podKeys.pod(runtime, pod));
    } catch (error) {
      log.warn({ err: error }, 'the pod could not sign off; its heartbeat goes stale by itself');
    }
  }

  /** One heartbeat. Throws what Redis throws. */
  async beat(): Promise<void> {
    if (!this.#options.canServe()) return;
    const { pod, runtime, mediaURL, slotCount, redis, slots, live, clock, takesCalls } = this.#options;
    const at = clock.now();
    const heartbeat: PodHeartbeat = {
      pod,
      runtime,
      state: this.#state,
      mediaURL,
      slots: takesCalls() ? slotCount : Math.min(slotCount, live.size),
      calls: live.size,
      at,
    };
    const key = podKeys.pod(runtime, pod);
    const pods = podKeys.runtimePods(runtime);
    await Promise.all([
      redis.hset(key, 'value', JSON.stringify(heartbeat)),
      redis.pexpire(key, FORGET_MS),
      redis.zadd(pods, at, pod),
      redis.zremrangebyscore(pods, '-inf', at - FORGET_MS),
      redis.pexpire(pods, 10 * FORGET_MS),
      ...live.refs().map((ref) => slots.reserveOn(pod, ref, slotCount)),
    ]);
    this.#announced = true;
  }

  async #keepBeating(): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await clock.sleep(HEARTBEAT_PERIOD_MS, signal);
        await this.beat();
        this.#failures = 0;
      } catch (error) {
        if (isAbort(error)) return;
        this.#failures += 1;
        log.warn({ err: error, failures: this.#failures }, 'a heartbeat failed');
      }
    }
  }
}
