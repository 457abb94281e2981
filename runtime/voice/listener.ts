import type { Clock } from '#lib/clock/clock.ts';
import { AUDIBLE_LEVEL } from './loudness.ts';
import type { Pause, Utterance } from './turn-detector.ts';

/**
 * Where the conversation waits for the caller. What nobody waits for is kept, little of it; too quiet
 * turns are noise, on which recognisers invent words. Keys come before words: they are what was meant.
 */
export class Listener {
  readonly #options: ListenerOptions;
  #kept: Pause[] = [];
  readonly #entries: Entry[] = [];
  readonly #offered = new WeakSet<Pause>();
  #waiter: Waiter | undefined;
  #speech: PromiseWithResolvers<void> | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Whether the caller has more to say: something is kept, or a turn is going on. */
  get busy(): boolean {
    return this.#entries.length > 0 || this.#nextKept() !== undefined || this.#options.speaking();
  }

  /** Whether the caller may have begun to say more. */
  get unsure(): boolean {
    return this.#options.mayBegin();
  }

  /** Whether the caller is waited for and silent. */
  get paused(): boolean {
    return this.#waiter !== undefined && !this.busy;
  }

  /** The caller has stopped, perhaps for good. */
  offer(pause: Pause): void {
    if (!isLoud(pause.utterance)) return;
    this.#offered.add(pause);
    if (this.#waiter) this.#waiter.resolve(pause);
    else if (this.#kept.length < MAX_KEPT) this.#kept.push(pause);
  }

  /** A turn of the caller ended; offered now where that was not done at its pause. */
  ended(pause: Pause): void {
    if (this.#offered.has(pause)) return;
    if (isLoud(pause.utterance)) this.offer(pause);
    else if (this.#waiter?.overdue) this.#waiter.resolve(undefined);
  }

  /** The caller has pressed keys, and no more of them. */
  entered(digits: string): void {
    const entry = { digits, atMs: this.#options.clock.now() };
    if (this.#waiter) this.#waiter.resolve(entry);
    else if (this.#entries.length < MAX_KEPT) this.#entries.push(entry);
  }

  /** The caller's voice is heard, or a key. */
  speech(): void {
    this.#speech?.resolve();
    this.#speech = undefined;
  }

  /** Resolves when the caller is next heard. */
  untilSpeech(): Promise<void> {
    this.#speech ??= Promise.withResolvers();
    return this.#speech.promise;
  }

  /**
   * What was entered, or the next pause of the caller's; undefined when nothing was begun within `silenceMs`.
   * Rejects when aborted.
   */
  async next(silenceMs: number, signal: AbortSignal): Promise<Pause | Entry | undefined> {
    signal.throwIfAborted();
    const entry = this.#entries.shift();
    if (entry) return entry;
    const kept = this.#nextKept();
    this.#kept.shift();
    if (kept) return kept;
    const { promise, resolve, reject } = Promise.withResolvers<Pause | Entry | undefined>();
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

  /** The oldest that is kept and after which the caller did not simply go on. */
  #nextKept(): Pause | undefined {
    this.#kept = this.#kept.filter((pause) => pause.state !== 'WentOn');
    return this.#kept[0];
  }
}

export interface ListenerOptions {
  readonly clock: Clock;
  readonly maxUtteranceMs: number;
  /** Whether a turn of the caller is going on, or an entry by keys. */
  readonly speaking: () => boolean;
  /** Whether a turn of the caller may be beginning. */
  readonly mayBegin: () => boolean;
}

/** Keys that a caller pressed: 0–9, * and #. */
export interface Entry {
  readonly digits: string;
  /** Wall-clock epoch ms at which they were complete. */
  readonly atMs: number;
}

interface Waiter {
  readonly resolve: (heard: Pause | Entry | undefined) => void;
  /** The silence is over its time, but the caller has begun to speak. */
  overdue: boolean;
}

const MAX_KEPT = 4;

function isLoud({ loudness }: Utterance): boolean {
  return loudness >= AUDIBLE_LEVEL;
}
