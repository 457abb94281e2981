import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { PodSlots } from '#runtime/admission/pod-slots.ts';
import type { LiveCall } from '#runtime/call/call.ts';

/** Pauses of speech are longer than this. */
const LOOK_MS = 50;
/** Calls that are given away at once: each takes two commands, and the carrier allows only so many a second. */
const MAX_MOVING = 4;
/** A call that makes no pause in this time, once there is room elsewhere, is given away in mid-speech. */
const PAUSE_WITHIN_MS = 45_000;
/** The pause after an attempt for which no pod had room, or Redis no answer. */
const RETRY_MS = 1_000;

/** A live call, as far as it is given to another pod. */
export type MovableCall = Pick<LiveCall, 'callID' | 'ref' | 'paused' | 'movable' | 'giveAway' | 'breakOff'>;

export interface DrainOptions {
  readonly pod: string;
  readonly live: { readonly size: number; all(): readonly MovableCall[]; empty(): Promise<void> };
  readonly slots: Pick<PodSlots, 'reserve' | 'release'>;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Empties a pod that ends: gives each of its calls to another pod, in a pause of its speech. While no
 * other has room the calls go on here, to their end if need be.
 */
export class Drain {
  readonly #options: DrainOptions;
  readonly #moving = new Set<MovableCall>();
  /** When a call that could not be given away is tried again. */
  readonly #notBeforeMs = new WeakMap<MovableCall, number>();
  /** Undefined until another pod first had room. */
  #breakOffAtMs: number | undefined;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  /** Resolves when no call is left here, or `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { live, clock } = this.#options;
    const empty = live.empty();
    while (live.size > 0 && !signal.aborted) {
      this.#look();
      await Promise.race([empty, clock.sleep(LOOK_MS, signal).catch(() => undefined)]);
    }
  }

  #look(): void {
    const { live, clock } = this.#options;
    const nowMs = clock.monotonic();
    const isOverdue = this.#breakOffAtMs !== undefined && nowMs >= this.#breakOffAtMs;
    const calls = live.all().filter((call) => nowMs >= (this.#notBeforeMs.get(call) ?? nowMs));
    const inSpeech = isOverdue ? calls.filter((call) => call.movable && !call.paused) : [];
    for (const call of [...calls.filter(({ paused }) => paused), ...inSpeech]) {
      if (this.#moving.size >= MAX_MOVING) return;
      if (this.#moving.has(call)) continue;
      this.#moving.add(call);
      void this.#move(call, !call.paused).finally(() => this.#moving.delete(call));
    }
  }

  /** Never rejects. The slot comes first: the stream must find a pod that can take it. */
  async #move(call: MovableCall, isInSpeech: boolean): Promise<void> {
    const { slots, pod: own, log, clock } = this.#options;
    let reservedOn: string | undefined;
    try {
      const { pod } = await slots.reserve(call.ref, { except: own });
      // While Redis is away this pod knows of no other, and gives its own slots.
      if (!pod || pod.pod === own) return this.#putOff(call);
      reservedOn = pod.pod;
      this.#breakOffAtMs ??= clock.monotonic() + PAUSE_WITHIN_MS;
      if (isInSpeech ? await call.breakOff(pod.pod) : await call.giveAway(pod.pod)) return;
    } catch (error) {
      log.warn({ err: error, callID: call.callID }, 'a call could not be given to another pod yet');
      this.#putOff(call);
    }
    if (reservedOn !== undefined) await this.#giveBack(reservedOn, call);
  }

  /** A slot that nobody comes to: other calls may have it. Where the call comes after all, it takes one anew. */
  async #giveBack(pod: string, { callID, ref }: MovableCall): Promise<void> {
    const { slots, log } = this.#options;
    try {
      await slots.release(pod, ref);
    } catch (error) {
      log.warn({ err: error, callID, pod }, 'a slot was not given back; it expires by itself');
    }
  }

  #putOff(call: MovableCall): void {
    this.#notBeforeMs.set(call, this.#options.clock.monotonic() + RETRY_MS);
  }
}
