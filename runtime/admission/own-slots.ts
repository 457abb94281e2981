import type { PodHeartbeat } from '#crds/projection/pod-heartbeat.ts';
import type { CallRef } from '#runtime/store/store-keys.ts';
import type { ReserveOptions } from './pod-slots.ts';
import { FAIR_SHARE_FACTOR } from './slot-scripts.ts';

/** Far longer than storing a call takes. */
const RESERVATION_MS = 60_000;

export interface OwnSlotsOptions {
  /** Whether Redis is away for the slots of this runtime, so that this pod answers for itself alone. */
  readonly away: () => boolean;
  /** Whether this pod takes up calls: it can hold one, and does not end. */
  readonly serving: () => boolean;
  /** Whether it is calm enough for new ones. */
  readonly takesCalls: () => boolean;
  /** What this pod says of itself, but for its state, its calls and the time. */
  readonly self: Pick<PodHeartbeat, 'pod' | 'runtime' | 'mediaURL' | 'slots'>;
  /** The calls that this pod holds or has taken; each once or more. */
  readonly calls: () => readonly CallRef[];
  readonly now: () => number;
}

/** This pod's own slots, for the time that Redis is away: the same rules, and nobody else's slots. */
export class OwnSlots {
  readonly #options: OwnSlotsOptions;
  /** Between a reservation and its call being stored: tenant and time by call. */
  readonly #reserved = new Map<string, { readonly tenantID: string; readonly untilMs: number }>();

  constructor(options: OwnSlotsOptions) {
    this.#options = options;
  }

  get away(): boolean {
    return this.#options.away();
  }

  /** This pod, in the form in which others are known; undefined for another's name. */
  pod(name: string): PodHeartbeat | undefined {
    return name === this.#options.self.pod ? this.self() : undefined;
  }

  self(): PodHeartbeat {
    const { self, serving, now } = this.#options;
    return { ...self, state: serving() ? 'Serving' : 'Draining', calls: this.held(), at: now() };
  }

  held(): number {
    return this.#held().size;
  }

  reserve(
    { tenantID, callID }: CallRef,
    { fair = false, urgent = false }: ReserveOptions,
  ): 'Reserved' | 'PodsFull' | 'FairShare' {
    const held = this.#held();
    if (held.has(callID)) return 'Reserved';
    const free = this.#options.self.slots - held.size;
    const { serving, takesCalls } = this.#options;
    if (free <= 0 || !serving() || !(urgent || takesCalls())) return 'PodsFull';
    const own = [...held.values()].filter((tenant) => tenant === tenantID).length;
    if (fair && own >= FAIR_SHARE_FACTOR * free) return 'FairShare';
    this.#reserved.set(callID, { tenantID, untilMs: this.#options.now() + RESERVATION_MS });
    return 'Reserved';
  }

  release(callID: string): void {
    this.#reserved.delete(callID);
  }

  #held(): ReadonlyMap<string, string> {
    const nowMs = this.#options.now();
    const held = new Map(this.#options.calls().map(({ callID, tenantID }) => [callID, tenantID]));
    for (const [callID, { tenantID, untilMs }] of this.#reserved) {
      if (untilMs <= nowMs) this.#reserved.delete(callID);
      else held.set(callID, tenantID);
    }
    return held;
  }
}
