import type { Clock } from '#lib/clock/clock.ts';

/** Nobody tells when what was refused would be taken; spread, since all runtimes may be refused at once. */
const HOLD = { leastMs: 15_000, spreadMs: 45_000 };

interface Held {
  /** Digest of what was asked for. */
  readonly wish: string;
  readonly untilMs: number;
  readonly message: string;
}

/**
 * What the cluster refused to each VoiceRuntime. A runtime is looked at every two seconds for its
 * heartbeats; what was refused is asked for again when it is wished otherwise, or after a while.
 */
export class Refusals {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #random: () => number;
  /** By runtime, then by what was to be done: as many as there are children. */
  readonly #held = new Map<string, Map<string, Held>>();

  constructor(clock: Pick<Clock, 'monotonic'>, random: () => number = Math.random) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Does it, unless the same was refused of late; the sentence of the refusal then. `attempt` resolves to
   * one where it is refused, and its errors are thrown on.
   */
  async unlessRefused(
    { runtime, what, wish }: { readonly runtime: string; readonly what: string; readonly wish: string },
    attempt: () => Promise<string | undefined>,
  ): Promise<string | undefined> {
    const nowMs = this.#clock.monotonic();
    const known = this.#held.get(runtime)?.get(what);
    if (known !== undefined && known.wish === wish && nowMs < known.untilMs) return known.message;
    const message = await attempt();
    const held = this.#held.get(runtime) ?? new Map<string, Held>();
    if (message === undefined) held.delete(what);
    else {
      held.set(what, { wish, message, untilMs: nowMs + HOLD.leastMs + this.#random() * HOLD.spreadMs });
    }
    if (held.size === 0) this.#held.delete(runtime);
    else this.#held.set(runtime, held);
    return message;
  }

  forget(runtime: string): void {
    this.#held.delete(runtime);
  }
}
