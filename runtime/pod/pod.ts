import { CAPABILITIES, HEARTBEAT_PERIOD_MS, type PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { isAbort } from '#lib/errors/operating-error.ts';
import type { Service } from '#lib/lifecycle/service.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { PodSlots } from '#runtime/admission/pod-slots.ts';
import type { LiveCalls } from '#runtime/call/live-calls.ts';
import { Drain } from './drain.ts';
import type { Peers } from './peers.ts';
import type { PodRegistry } from './pod-registry.ts';

/** How long a drained pod stays for the last hang-ups: above HANGUP_CONFIRM_MS, when they are given up. */
const SETTLE_MS = 20_000;
const SETTLE_POLL_MS = 200;

export interface PodOptions {
  readonly pod: string;
  readonly runtime: string;
  readonly mediaURL: string;
  /** Where other pods reach this one; undefined where they cannot. */
  readonly address: string | undefined;
  readonly slotCount: number;
  readonly registry: PodRegistry;
  readonly slots: PodSlots;
  readonly live: LiveCalls;
  readonly peers: Pick<Peers, 'learn' | 'anyHasRedis'>;
  /** False while the pod could not hold a call: it is not heard of until then. */
  readonly canServe: () => boolean;
  /** False while the pod is too busy: it keeps its calls, and says that it has no slot beside them. */
  readonly takesCalls: () => boolean;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * This pod among the pods of its runtime: says every second that it is there and renews the slots
 * of its calls. Draining takes it out of admission and empties it, see drain.ts.
 */
export class Pod implements Service {
  readonly name = 'pod';
  readonly #options: PodOptions;
  readonly #ending = new AbortController();
  readonly #drain: Drain;
  #state: PodHeartbeat['state'] = 'Serving';
  #beating: Promise<void> | undefined;
  #announcing: Promise<void> | undefined;
  #failures = 0;
  /** Whether Redis is away for this pod alone. */
  #isCutOff = false;
  /** Whether admission knows of this pod. */
  #announced = false;

  constructor(options: PodOptions) {
    this.#options = options;
    this.#drain = new Drain(options);
  }

  /** How many calls have their media here. */
  get calls(): number {
    return this.#options.live.size;
  }

  get draining(): boolean {
    return this.#state === 'Draining';
  }

  /** Whether Redis took the last heartbeat. */
  get hasRedis(): boolean {
    return this.#announced && this.#failures === 0;
  }

  /**
   * What keeps the pod from serving, for /readyz. That Redis is away for all pods does not: somebody has to
   * answer the carrier.
   */
  notReady(): readonly string[] {
    const reasons: string[] = [];
    if (this.draining) reasons.push('The pod is draining.');
    if (!this.#announced) reasons.push('The pod has not been announced to admission yet.');
    if (this.#isCutOff) reasons.push('Redis takes the heartbeats of other pods, and not of this one.');
    return reasons;
  }

  async start(fail: (error: unknown) => void): Promise<void> {
    await this.beat();
    await this.#options.peers.learn();
    this.#beating = this.#keepBeating().catch(fail);
  }

  async drain(): Promise<void> {
    this.#state = 'Draining';
    await this.beat().catch((error: unknown) => this.#options.log.warn({ err: error }, 'heartbeat failed'));
    await this.#drain.run(this.#ending.signal);
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
    const { live, registry, pod, log } = this.#options;
    this.#ending.abort();
    await this.#beating;
    await live.endAll();
    try {
      await registry.signOff(pod);
    } catch (error) {
      log.warn({ err: error }, 'the pod could not sign off; its heartbeat goes stale by itself');
    }
  }

  /** One heartbeat; none of a pod that is about to sign off, or has. Throws what Redis throws. */
  async beat(): Promise<void> {
    if (!this.#options.canServe() || this.#ending.signal.aborted) return;
    const { pod, runtime, mediaURL, address, slotCount, registry, slots, live, clock, takesCalls } =
      this.#options;
    const heartbeat: PodHeartbeat = {
      pod,
      runtime,
      state: this.#state,
      mediaURL,
      ...(address === undefined ? {} : { address }),
      capacity: slotCount,
      slots: takesCalls() ? slotCount : Math.min(slotCount, live.size),
      calls: live.size,
      capabilities: [...CAPABILITIES],
      at: clock.now(),
    };
    await Promise.all([
      registry.beat(heartbeat),
      ...live.refs().map((ref) => slots.reserveOn(pod, ref, slotCount)),
    ]);
    this.#announced = true;
  }

  /** The same, for all who ask at once. */
  announce(): Promise<void> {
    this.#announcing ??= this.beat().finally(() => {
      this.#announcing = undefined;
    });
    return this.#announcing;
  }

  /** Its load, for one: admission hears of it now, and not with the next heartbeat, which also tells where this fails. */
  hasChanged(): void {
    const { log } = this.#options;
    this.announce().catch((error: unknown) => log.warn({ err: error }, 'a heartbeat out of turn failed'));
  }

  async #keepBeating(): Promise<void> {
    const { clock, log, peers } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        await clock.sleep(HEARTBEAT_PERIOD_MS, signal);
        await this.beat();
        this.#failures = 0;
        this.#isCutOff = false;
        await peers.learn();
      } catch (error) {
        if (isAbort(error)) return;
        this.#failures += 1;
        log.warn({ err: error, failures: this.#failures }, 'a heartbeat failed');
        this.#isCutOff = await peers.anyHasRedis();
      }
    }
  }
}
