import { type BackoffOptions, backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { type Priority, type WaitingKey, WaitingKeys } from './waiting-keys.ts';

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly backoff?: BackoffOptions;
  readonly observer?: WorkQueueObserver;
}

/** Told of what happens to keys, for metrics. Times are milliseconds. */
export interface WorkQueueObserver {
  added(): void;
  /** How many keys of this priority wait now. */
  depth(priority: Priority, count: number): void;
  taken(waitedMs: number): void;
  finished(workedMs: number): void;
  retried(): void;
}

interface Delayed {
  readonly dueMs: number;
  readonly priority: Priority;
  readonly cancel: () => void;
}

/** A thousand times the first delay: a key that keeps failing is tried every five minutes. */
const BACKOFF: BackoffOptions = { initialMs: 50, maxMs: 300_000 };

/**
 * Keys that want work. A key is held once however often it was added, and is worked on by one
 * worker at a time: added while in work, it comes again afterwards. Each step costs the same however
 * many keys wait.
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
  readonly #waiting = new WaitingKeys();
  /** Keys in work, with the time each was taken and the priority it had. */
  readonly #working = new Map<string, { readonly atMs: number; readonly priority: Priority }>();
  /** Keys added while in work, with the highest priority asked for. */
  readonly #again = new Map<string, Priority>();
  readonly #delayed = new Map<string, Delayed>();
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

  /** How long each key in work has been so, in milliseconds. */
  workedMs(): readonly number[] {
    const nowMs = this.#clock.monotonic();
    return [...this.#working.values()].map(({ atMs }) => nowMs - atMs);
  }

  /** Adds a key; one that waits already is raised to this priority, never lowered. */
  add(key: string, priority: Priority = 'Normal'): void {
    if (this.#closed) return;
    if (this.#working.has(key)) {
      this.#again.set(key, higher(priority, this.#again.get(key)));
      return;
    }
    const before = this.#waiting.priorityOf(key);
    if (!this.#waiting.add(key, priority, this.#clock.monotonic())) return;
    if (before === undefined) this.#observer?.added();
    else this.#observer?.depth(before, this.#waiting.count(before));
    this.#observer?.depth(priority, this.#waiting.count(priority));
    this.#serve();
  }

  /**
   * Adds the key after a delay. Of several delays of one key the earliest end counts, and the highest
   * priority.
   */
  addAfter(key: string, delayMs: number, priority: Priority = 'Normal'): void {
    if (this.#closed) return;
    if (delayMs <= 0) {
      this.add(key, priority);
      return;
    }
    const dueMs = this.#clock.monotonic() + delayMs;
    const known = this.#delayed.get(key);
    const highest = higher(priority, known?.priority);
    if (known !== undefined && known.dueMs <= dueMs) {
      this.#delayed.set(key, { ...known, priority: highest });
      return;
    }
    known?.cancel();
    const cancel = this.#clock.after(delayMs, () => {
      const due = this.#delayed.get(key);
      this.#delayed.delete(key);
      this.add(key, due?.priority ?? highest);
    });
    this.#delayed.set(key, { dueMs, priority: highest, cancel });
  }

  /**
   * Adds a key whose work failed, later each time, and not before `leastMs`, with the priority it had.
   * Returns the delay.
   */
  retry(key: string, leastMs = 0): number {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const delayMs = Math.max(leastMs, backoffMs(failures, this.#backoff));
    this.#observer?.retried();
    this.addAfter(key, delayMs, this.priorityOf(key));
    return delayMs;
  }

  /** The priority that a key in work was taken with. */
  priorityOf(key: string): Priority {
    return this.#working.get(key)?.priority ?? 'Normal';
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
    const working = this.#working.get(key);
    if (working === undefined) throw new Error(`${key} was not taken`);
    this.#working.delete(key);
    this.#observer?.finished(this.#clock.monotonic() - working.atMs);
    const again = this.#again.get(key);
    this.#again.delete(key);
    if (again !== undefined) this.add(key, again);
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
    while (this.#takers.length > 0) {
      const nowMs = this.#clock.monotonic();
      const next = this.#waiting.next(nowMs);
      if (next === undefined) return;
      this.#begin(next, nowMs);
      this.#takers.shift()?.(next.key);
    }
  }

  #begin({ key, priority, addedAtMs }: WaitingKey, nowMs: number): void {
    this.#working.set(key, { atMs: nowMs, priority });
    // The work that begins now says itself when it wants to be done again.
    this.#delayed.get(key)?.cancel();
    this.#delayed.delete(key);
    this.#observer?.depth(priority, this.#waiting.count(priority));
    this.#observer?.taken(nowMs - addedAtMs);
  }
}

function higher(a: Priority, b: Priority | undefined): Priority {
  return b === undefined || WaitingKeys.isHigher(a, b) ? a : b;
}
