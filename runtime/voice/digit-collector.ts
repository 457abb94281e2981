import type { Clock } from '#lib/clock/clock.ts';

/**
 * Makes entries of the keys that a caller presses: those that follow one another closely are one, and `#` ends it.
 * The carrier's messages may come out of order and twice, so that keys are put in order of when they were pressed.
 *
 *   key ──▶ waiting ──no further key for `gapMs`──▶ entry
 *                   └─#, and `reorderMs` for what was pressed before it──▶ entry
 */
export class DigitCollector {
  readonly #options: DigitCollectorOptions;
  /** In order of when they were pressed. */
  #waiting: Key[] = [];
  /** The latest keys, each as one text, to know repeats by. */
  readonly #seen = new Set<string>();
  #cancelTimer: (() => void) | undefined;
  /** A `#` is among them, and only what was pressed before it is waited for. */
  #isEnding = false;
  #closed = false;

  constructor(options: DigitCollectorOptions) {
    this.#options = options;
  }

  /** Whether an entry is under way. */
  get pending(): boolean {
    return this.#waiting.length > 0;
  }

  /** `pressedAtMs`: epoch ms by the carrier; absent: now. */
  push(digit: string, pressedAtMs: number = this.#options.clock.now()): void {
    if (this.#closed || !this.#isNew(`${digit}@${pressedAtMs}`)) return;
    const after = this.#waiting.findLastIndex((key) => key.pressedAtMs <= pressedAtMs);
    this.#waiting.splice(after + 1, 0, { digit, pressedAtMs });
    this.#options.onKey();
    if (this.#waiting.length >= MAX_WAITING) this.#tell();
    else this.#arm();
  }

  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#cancelTimer?.();
  }

  #isNew(key: string): boolean {
    if (this.#seen.has(key)) return false;
    this.#seen.add(key);
    for (const oldest of this.#seen) {
      if (this.#seen.size <= MAX_SEEN) break;
      this.#seen.delete(oldest);
    }
    return true;
  }

  /** Each key begins the wait anew; with a `#` among them it is a short one, which no key makes longer. */
  #arm(): void {
    const { clock, gapMs, reorderMs } = this.#options;
    const isEnded = this.#waiting.some(({ digit }) => digit === END);
    if (isEnded && this.#isEnding) return;
    this.#isEnding = isEnded;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.after(isEnded ? reorderMs : gapMs, () => this.#tell());
  }

  /** What follows a `#` is the begin of another entry, and waits for the rest of it. */
  #tell(): void {
    this.#cancelTimer?.();
    this.#isEnding = false;
    const keys = this.#waiting;
    const lastEnd = keys.findLastIndex(({ digit }) => digit === END);
    const isFull = keys.length >= MAX_WAITING;
    const told = lastEnd < 0 || isFull ? keys : keys.slice(0, lastEnd + 1);
    this.#waiting = keys.slice(told.length);
    if (this.#waiting.length > 0) this.#arm();
    for (const entry of entriesOf(told, this.#options.gapMs)) this.#options.onEntry(entry);
  }
}

export interface DigitCollectorOptions {
  readonly clock: Clock;
  /** Without a key for so long, an entry is over. */
  readonly gapMs: number;
  /** How much later a key may come than one that was pressed after it. */
  readonly reorderMs: number;
  /** A key was pressed. */
  readonly onKey: () => void;
  /** What was entered, such as `42` or `*1`; the `#` at its end is left out, unless it is all there is. */
  readonly onEntry: (digits: string) => void;
}

interface Key {
  readonly digit: string;
  readonly pressedAtMs: number;
}

const END = '#';
/** Longer than any number that somebody is asked for; what waits beyond it is told as it is. */
const MAX_WAITING = 40;
const MAX_SEEN = 100;

function entriesOf(keys: readonly Key[], gapMs: number): string[] {
  const entries: string[] = [];
  let entry = '';
  for (const [index, { digit, pressedAtMs }] of keys.entries()) {
    const next = keys[index + 1];
    if (digit !== END) entry += digit;
    const isLast = digit === END || next === undefined || next.pressedAtMs - pressedAtMs > gapMs;
    if (!isLast) continue;
    entries.push(entry === '' ? END : entry);
    entry = '';
  }
  return entries;
}
