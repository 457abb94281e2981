import type { Clock } from '#lib/clock/clock.ts';
import { AUDIBLE_LEVEL } from './loudness.ts';
import type { Utterance } from './turn-detector.ts';

/**
 * Where the conversation waits for the caller. Utterances that nobody waits for are kept, few of
 * them; too quiet ones are noise, on which recognisers invent words.
 */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #kept: Utterance[] = [];
  #waiter: Waiter | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Whether the caller has more to say: something is kept, or a turn is going on. */
  get busy(): boolean {
    return this.#kept.length > 0 || this.#options.speaking();
  }

  /** Whether the caller is waited for and silent. */
  get paused(): boolean {
    return this.#waiter !== undefined && !this.busy;
  }

  /** A turn of the caller ended. */
  push(utterance: Utterance): void {
    const usable = utterance.loudness >= AUDIBLE_LEVEL;
    if (this.#waiter && (usable || this.#waiter.overdue))
      this.#waiter.resolve(usable ? utterance : undefined);
    else if (usable && this.#kept.length < MAX_KEPT) this.#kept.push(utterance);
  }

  /** The next utterance; undefined when none began within `silenceMs`. Rejects when aborted. */
  async next(silenceMs: number, signal: AbortSignal): Promise<Utterance | undefined> {
    signal.throwIfAborted();
    const kept = this.#kept.shift();
    if (kept) return kept;
    const { promise, resolve, reject } = Promise.withResolvers<Utterance | undefined>();
    const waiter: Waiter = { resolve, overdue: false };
    const onAbort = () => reject(signal.reason);
    this.#waiter = waiter;
    signal.addEventListener('abort', onAbort, { once: true });
    let cancel = this.#options.clock.after(silenceMs, () => {
      if (!this.#options.speaking()) {
        resolve(undefined);
        return;
      }
      waiter.overdue = true;
      // The stream may fall silent in the middle of a turn; that must not be waited for for ever.
      cancel = this.#options.clock.after(this.#options.maxUtteranceMs, () => resolve(undefined));
    });
    try {
      return await promise;
    } finally {
      cancel();
      this.#waiter = undefined;
      signal.removeEventListener('abort', onAbort);
    }
  }
}

export interface ListenerOptions {
  readonly clock: Clock;
  readonly maxUtteranceMs: number;
  /** Whether a turn of the caller is going on. */
  readonly speaking: () => boolean;
}

interface Waiter {
  readonly resolve: (utterance: Utterance | undefined) => void;
  /** The silence is over its time, but the caller has begun to speak. */
  overdue: boolean;
}

const MAX_KEPT = 4;
