import { type BackoffOptions, backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly backoff?: BackoffOptions;
  readonly observer?: WorkQueueObserver;
}

/** Told of what happens to keys, for metrics. Times are milliseconds. */
export interface WorkQueueObserver {
  added(depth: number): void;
  taken(depth: number, waitedMs: number): void;
  finished(workedMs: number): void;
  retried(): void;
}

/** A thousand times the first delay: a key that keeps failing is tried every five minutes. */
const BACKOFF: BackoffOptions = { initialMs: 50, maxMs: 300_000 };

/**
 * Keys that want work. A key is held once however often it was added, and is worked on by one
 * worker at a time: added while in work, it comes again afterwards.
 *
 *   add ─▶ waiting ─take─▶ working ─done─▶ (gone, or waiting again when it was added meanwhile)
 *           ▲ addAfter / retry: when the delay is over
 *
 * Its size is bounded by the number of objects that exist, since keys name objects.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #backoff: BackoffOptions;
  readonly #observer: WorkQueueObserver | undefined;
  /** Waiting keys in order, with the monotonic time each was added. */
  readonly #waiting = new Map<string, number>();
  /** Keys in work, with the time each was taken. */
  readonly #working = new Map<string, number>();
  /** Keys added while in work. */
  readonly #again = new Set<string>();
  readonly #delayed = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  readonly #failures = new Map<string, number>();
  #takers: ((key: string | undefined) => void)[] = [];
  #closed = false;

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#backoff = options.backoff ?? BACKOFF;
    this.#observer = options.observer;
  }

  /** How many keys wait, without those that are delayed. */
  get depth(): number {
    return this.#waiting.size;
  }

  add(key: string): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      this.#again.add(key);
      return;
    }
    if (this.#waiting.has(key)) return;
    this.#waiting.set(key, this.#clock.monotonic());
    this.#observer?.added(this.#waiting.size);
    this.#serve();
  }

  /** Adds the key after a delay. Of several delays of one key the earliest end counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const dueMs = this.#clock.monotonic() + delayMs;
    const known = this.#delayed.get(key);
    if (known !== undefined && known.dueMs <= dueMs) return;
    known?.cancel();
    const cancel = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { dueMs, cancel });
  }

  /** Adds a key whose work failed, later each time, and not before `leastMs`. Returns the delay. */
  retry(key: string, leastMs = 0): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const delayMs = Math.max(leastMs, backoffMs(failures, this.#backoff));
    this.#observer?.retried();
    this.addAfter(key, delayMs);
    return delayMs;
  }

  /** How often the key's work failed since it last succeeded. */
  failuresOf(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Forgets the failures of a key: its work succeeded, or there is none any more. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key, once there is one; undefined when the queue was closed. Ends with `done(key)`. */
  take(): Promise<string | undefined> {
    return new Promise((resolve) => {
      if (this.#closed) {
        resolve(undefined);
        return;
      }
      this.#takers.push(resolve);
      this.#serve();
    });
  }

  done(key: string): void {
    const takenAtMs = this.#working.get(key);
    if (takenAtMs === undefined) throw new Error(`${key} was not taken`);
    this.#working.delete(key);
    this.#observer?.finished(this.#clock.monotonic() - takenAtMs);
    if (this.#again.delete(key)) this.add(key);
  }

  /** Drops what waits and lets every taker go. */
  close(): void {
    this.#closed = true;
    for (const { cancel } of this.#delayed.values()) cancel();
    this.#delayed.clear();
    this.#waiting.clear();
    this.#again.clear();
    for (const taker of this.#takers) taker(undefined);
    this.#takers = [];
  }

  #serve(): void {
    for (;;) {
      const next = this.#waiting.entries().next();
      if (next.done === true) return;
      const taker = this.#takers.shift();
      if (taker === undefined) return;
      const [key, addedAtMs] = next.value;
      const nowMs = this.#clock.monotonic();
      this.#waiting.delete(key);
      this.#working.set(key, nowMs);
      // The work that begins now says itself when it wants to be done again.
      this.#delayed.get(key)?.cancel();
      this.#delayed.delete(key);
      this.#observer?.taken(this.#waiting.size, nowMs - addedAtMs);
      taker(key);
    }
  }
}
