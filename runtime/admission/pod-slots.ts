import { podKeys } from '#crds/projection/keys.ts';
import {
  type Capability,
  HEARTBEAT_STALE_MS,
  type PodHeartbeat,
  podHeartbeatSchema,
} from '#crds/projection/pod-heartbeat.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { type CallRef, dueMember, parseDueMember } from '#runtime/store/store-keys.ts';
import { OwedReleases } from './owed-releases.ts';
import type { OwnSlots } from './own-slots.ts';
import { heldSlots, livePods, placeCall, presentPod, RESERVE_REPLY, reserveSlot } from './slot-scripts.ts';

/**
 * How long a reserved slot waits for its call's media socket: longer than answering and all tries
 * of attaching. The pod that holds the call renews it with each heartbeat.
 */
const RESERVATION_MS = 60_000;
/** How many pods are tried for one call before it is refused. */
const MAX_PODS_TRIED = 8;
/** More than any pod holds. */
const MAX_CALLS_ON_POD = 1_000;
/** For how long a look at the pods serves further calls; what is reserved meanwhile is added to it. */
const LOOK_MS = 250;
/** The age at which a look is too old to refuse a call by. */
const REFUSE_AFTER_MS = 25;

interface SeenPod {
  readonly pod: PodHeartbeat;
  reserved: number;
}

interface Look {
  readonly atMs: number;
  readonly pods: Promise<readonly SeenPod[]>;
  /** One of its pods turned out not to be there any more. */
  isPast: boolean;
}

export type Reservation =
  | { readonly outcome: 'Reserved'; readonly pod: PodHeartbeat }
  /** `FairShare`: there is room, and it is kept for other tenants. */
  | { readonly outcome: 'PodsFull' | 'FairShare'; readonly pod: undefined };

export interface ReserveOptions {
  /** Whether the tenant is held to its fair share: for new calls of tenants that have neighbours. */
  readonly fair?: boolean;
  /** Somebody waits on the line, and is better served by a pod that is too busy than by none. */
  readonly urgent?: boolean;
  /** A pod that shall not get it. */
  readonly except?: string | undefined;
}

export interface PodSlotsOptions {
  readonly redis: Redis;
  readonly clock: Clock;
  readonly runtime: string;
  /** Absent: while Redis is away, everything throws what Redis throws. */
  readonly own?: OwnSlots;
  /** This pod, which says at once that it is there where Redis does not know: it has lost the heartbeats then. */
  readonly self?: { readonly pod: string; readonly announce: () => Promise<void> };
}

/**
 * The slots of one runtime's pods: who has room, and who holds which call. All times are Redis' own.
 * While Redis is away, this pod stands for itself alone, and nobody else is there.
 */
export class PodSlots {
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #runtime: string;
  /** This pod alone, for the time that Redis is away. */
  readonly #own: OwnSlots | undefined;
  readonly #self: PodSlotsOptions['self'];
  readonly #owed = new OwedReleases();
  #look: Look | undefined;

  constructor({ redis, clock, runtime, own, self }: PodSlotsOptions) {
    this.#redis = redis;
    this.#clock = clock;
    this.#runtime = runtime;
    this.#own = own;
    this.#self = self;
  }

  /** The pods that serve and were heard of lately, the emptiest first; as of at most 250 ms ago. */
  async servingPods(): Promise<readonly PodHeartbeat[]> {
    const serving = await this.#podsOf(this.#lookLately());
    return serving.sort((a, b) => shareOf(a) - shareOf(b)).map(({ pod }) => pod);
  }

  #lookLately(): Look {
    const nowMs = this.#clock.monotonic();
    if (this.#look && this.#look.atMs > nowMs - LOOK_MS) return this.#look;
    this.#look = { atMs: nowMs, pods: this.#lookAtPods(), isPast: false };
    return this.#look;
  }

  async #podsOf(look: Look): Promise<SeenPod[]> {
    try {
      const pods = await look.pods;
      // That there is none may change at any moment, and is no answer to keep.
      if (pods.length === 0) this.#forget(look);
      return [...pods];
    } catch (error) {
      this.#forget(look);
      throw error;
    }
  }

  #forget(look: Look): void {
    if (this.#look === look) this.#look = undefined;
  }

  async #lookAtPods(): Promise<readonly SeenPod[]> {
    let names = await this.#livePods();
    if (this.#self && !names.includes(this.#self.pod)) {
      await this.#self.announce();
      names = await this.#livePods();
    }
    const seen = await Promise.all(
      names.map(async (name) => {
        const [pod, reserved] = await Promise.all([
          this.#lastOf(name),
          this.#redis.zcard(podKeys.slots(this.#runtime, name)),
        ]);
        return { pod, reserved };
      }),
    );
    return seen.flatMap(({ pod, reserved }) => (pod?.state === 'Serving' ? { pod, reserved } : []));
  }

  /** What a pod said last; undefined where that is gone, or cannot be read. */
  async #lastOf(name: string): Promise<PodHeartbeat | undefined> {
    return parsePod(await this.#redis.hget(podKeys.pod(this.#runtime, name), 'value'));
  }

  #livePods(): Promise<readonly string[]> {
    const keys = { pods: podKeys.runtimePods(this.#runtime) };
    return livePods.run(this.#redis, keys, [HEARTBEAT_STALE_MS]);
  }

  /** A pod's last heartbeat, undefined when it is stale or there is none. */
  async pod(name: string): Promise<PodHeartbeat | undefined> {
    if (this.#own?.away) return this.#own.pod(name);
    const present = await this.#presentPod(name);
    if (present || name !== this.#self?.pod) return present;
    await this.#self.announce();
    return this.#presentPod(name);
  }

  async #presentPod(name: string): Promise<PodHeartbeat | undefined> {
    const keys = { pods: podKeys.runtimePods(this.#runtime), pod: podKeys.pod(this.#runtime, name) };
    return parsePod(await presentPod.run(this.#redis, keys, [name, HEARTBEAT_STALE_MS]));
  }

  /**
   * Whether every pod that was heard of lately can do this, those that drain, too. While Redis is away nobody else's
   * word is known, so the answer is no. Throws what Redis throws.
   */
  async allCan(capability: Capability): Promise<boolean> {
    if (this.#own?.away) return false;
    const pods = await Promise.all((await this.#livePods()).map((name) => this.#lastOf(name)));
    return pods.length > 0 && pods.every((pod) => pod?.capabilities?.includes(capability) === true);
  }

  /** Reserves a slot for a call on the emptiest pod that may give it one. */
  async reserve(ref: CallRef, options: ReserveOptions = {}): Promise<Reservation> {
    if (this.#own?.away) return this.#reserveHere(ref, this.#own, options);
    const startedMs = this.#clock.monotonic();
    const look = this.#lookLately();
    const reservation = await this.#tryPods(look, ref, options);
    const isOld = look.isPast || look.atMs <= startedMs - REFUSE_AFTER_MS;
    if (reservation.pod || !isOld) return reservation;
    // Pods may have come or gone since that look: nobody is refused for what was seen a while ago.
    this.#forget(look);
    return this.#tryPods(this.#lookLately(), ref, options);
  }

  async #tryPods(look: Look, ref: CallRef, options: ReserveOptions): Promise<Reservation> {
    const pods = (await this.#podsOf(look)).filter(({ pod }) => pod.pod !== options.except);
    let refusal: 'PodsFull' | 'FairShare' = 'PodsFull';
    for (let tried = 0; tried < MAX_PODS_TRIED; tried += 1) {
      // Looked for anew each time: other calls are placed in the meantime.
      const seen = takeEmptiest(pods);
      if (!seen) break;
      const { pod } = seen;
      // Counted before the reply, so that calls of one instant do not all see the same emptiest pod.
      seen.reserved += 1;
      const reply = await this.#place(pod.pod, ref, options);
      if (reply === RESERVE_REPLY.reserved) return { outcome: 'Reserved', pod };
      seen.reserved -= 1;
      if (reply === RESERVE_REPLY.absent) look.isPast = true;
      if (reply === RESERVE_REPLY.keptForOthers) refusal = 'FairShare';
    }
    return { outcome: refusal, pod: undefined };
  }

  #reserveHere(ref: CallRef, own: OwnSlots, options: ReserveOptions): Reservation {
    const outcome = own.reserve(ref, options);
    if (outcome !== 'Reserved') return { outcome, pod: undefined };
    return { outcome, pod: own.self() };
  }

  /** Reserves or renews the slot of a call that was admitted, on one pod. */
  async reserveOn(pod: string, ref: CallRef, slots: number): Promise<boolean> {
    if (this.#own?.away) return this.#own.pod(pod) !== undefined;
    this.#owed.drop(pod, ref);
    const keys = { slots: podKeys.slots(this.#runtime, pod) };
    const reply = await reserveSlot.run(this.#redis, keys, [dueMember(ref), RESERVATION_MS, '', slots]);
    return reply === RESERVE_REPLY.reserved;
  }

  #place(pod: string, ref: CallRef, { fair = false, urgent = false }: ReserveOptions): Promise<number> {
    this.#owed.drop(pod, ref);
    const keys = {
      slots: podKeys.slots(this.#runtime, pod),
      pods: podKeys.runtimePods(this.#runtime),
      pod: podKeys.pod(this.#runtime, pod),
    };
    const tenant = fair ? `${ref.tenantID}/` : '';
    return placeCall.run(this.#redis, keys, [
      dueMember(ref),
      RESERVATION_MS,
      tenant,
      pod,
      HEARTBEAT_STALE_MS,
      urgent ? '1' : '',
    ]);
  }

  /** How many slots of a pod are reserved. */
  async held(pod: string): Promise<number> {
    if (this.#own?.away) return this.#own.held();
    return heldSlots.run(this.#redis, { slots: podKeys.slots(this.#runtime, pod) }, []);
  }

  /** All calls with a slot on a pod, also where their time is up: what a dead one leaves. At most 1,000. */
  async callsOn(pod: string): Promise<readonly CallRef[]> {
    const members = await this.#redis.zrange(
      podKeys.slots(this.#runtime, pod),
      '0',
      String(MAX_CALLS_ON_POD - 1),
    );
    return members.flatMap((member) => parseDueMember(member) ?? []);
  }

  /** Gives a slot back; while Redis cannot be told, `releaseOwed` does it later. Never throws. */
  async release(pod: string, ref: CallRef): Promise<void> {
    this.#own?.release(ref.callID);
    if (this.#own?.away) return this.#owed.add(pod, ref);
    try {
      await this.#giveBack(pod, ref);
    } catch {
      // Redis went away in between, which whoever watches it logs.
      this.#owed.add(pod, ref);
    }
    return undefined;
  }

  /** Whether slots are still to be given back. */
  get owes(): boolean {
    return !this.#owed.isEmpty;
  }

  /** Gives back what could not be given back when it was asked for. True when nothing is left; never throws. */
  async releaseOwed(): Promise<boolean> {
    if (!this.#own?.away) await Promise.all(this.#owed.all().map(({ pod, ref }) => this.release(pod, ref)));
    return !this.owes;
  }

  async #giveBack(pod: string, ref: CallRef): Promise<void> {
    await this.#redis.zrem(podKeys.slots(this.#runtime, pod), dueMember(ref));
    this.#owed.drop(pod, ref);
  }
}

function takeEmptiest(pods: SeenPod[]): SeenPod | undefined {
  const shares = pods.map(shareOf);
  return pods.splice(shares.indexOf(Math.min(...shares)), 1)[0];
}

function shareOf({ pod, reserved }: SeenPod): number {
  return reserved / Math.max(1, pod.slots);
}

/** A heartbeat as it is kept; undefined where there is none, or none that can be read. */
export function parsePod(value: string | null): PodHeartbeat | undefined {
  return value === null ? undefined : podHeartbeatSchema.safeParse(JSON.parse(value)).data;
}
