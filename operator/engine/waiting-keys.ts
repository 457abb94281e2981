/** The order in which waiting keys are taken: by priority, but so that none waits for ever. */

/** `Low` is for what may wait: the first list, news that concern thousands. */
export type Priority = 'High' | 'Normal' | 'Low';

export const PRIORITIES = ['High', 'Normal', 'Low'] as const satisfies readonly Priority[];

export interface WaitingKey {
  readonly key: string;
  readonly priority: Priority;
  /** When it was first added, on the monotonic clock. */
  readonly addedAtMs: number;
}

interface Place extends WaitingKey {
  /** When it came to its present priority. */
  readonly enteredAtMs: number;
}

/** A key that waited this long is due, whatever its priority. */
const DUE_AFTER_MS = 5_000;
/**
 * One in so many takes goes to a key that is due. Not all of them, or ten thousand keys of a first list
 * would after five seconds be before what people have just asked for.
 */
const SHARE_OF_DUE = 4;

/**
 * Keys by priority, first come first served in each. A key of a lower priority that has waited for 5 s
 * gets every fourth take: it comes after at most four times as many takes as keys are before it. Every
 * operation costs the same however many keys there are.
 */
export class WaitingKeys {
  readonly #lines: Readonly<Record<Priority, Line>> = {
    High: new Line(),
    Normal: new Line(),
    Low: new Line(),
  };
  readonly #places = new Map<string, Place>();
  /** Takes since the last that went to a key that was due. */
  #sinceDue = 0;

  static isHigher(a: Priority, b: Priority): boolean {
    return PRIORITIES.indexOf(a) < PRIORITIES.indexOf(b);
  }

  get size(): number {
    return this.#places.size;
  }

  count(priority: Priority): number {
    return this.#lines[priority].size;
  }

  priorityOf(key: string): Priority | undefined {
    return this.#places.get(key)?.priority;
  }

  /** False when the key waits already with this priority or a higher one. */
  add(key: string, priority: Priority, nowMs: number): boolean {
    const known = this.#places.get(key);
    if (known !== undefined && !WaitingKeys.isHigher(priority, known.priority)) return false;
    if (known !== undefined) this.#lines[known.priority].leave(known);
    const place: Place = { key, priority, addedAtMs: known?.addedAtMs ?? nowMs, enteredAtMs: nowMs };
    this.#lines[priority].join(place);
    this.#places.set(key, place);
    return true;
  }

  /** Takes the next key out. */
  next(nowMs: number): WaitingKey | undefined {
    const highest = PRIORITIES.find((priority) => this.#lines[priority].size > 0);
    if (highest === undefined) return undefined;
    const due = this.#due(highest, nowMs);
    this.#sinceDue = due === undefined ? 0 : this.#sinceDue + 1;
    if (due === undefined || this.#sinceDue < SHARE_OF_DUE) return this.#takeFrom(highest);
    this.#sinceDue = 0;
    return this.#takeFrom(due);
  }

  clear(): void {
    for (const line of Object.values(this.#lines)) line.clear();
    this.#places.clear();
  }

  /** The level below `highest` whose first key is due, and has waited longest. */
  #due(highest: Priority, nowMs: number): Priority | undefined {
    return PRIORITIES.filter((priority) => WaitingKeys.isHigher(highest, priority))
      .flatMap((priority) => this.#lines[priority].first ?? [])
      .filter(({ enteredAtMs }) => nowMs - enteredAtMs >= DUE_AFTER_MS)
      .toSorted((a, b) => a.enteredAtMs - b.enteredAtMs)[0]?.priority;
  }

  #takeFrom(priority: Priority): WaitingKey | undefined {
    const place = this.#lines[priority].first;
    if (place === undefined) return undefined;
    this.#lines[priority].leave(place);
    this.#places.delete(place.key);
    return place;
  }
}

/** First come, first served; anybody may leave. A Map would be searched for its first entry each time. */
class Line {
  readonly #left = new Set<Place>();
  #places: Place[] = [];
  #head = 0;

  get size(): number {
    return this.#places.length - this.#head - this.#left.size;
  }

  get first(): Place | undefined {
    return this.#places[this.#head];
  }

  join(place: Place): void {
    this.#places.push(place);
  }

  leave(place: Place): void {
    this.#left.add(place);
    for (let first = this.first; first !== undefined && this.#left.delete(first); first = this.first) {
      this.#head += 1;
    }
    // Half of the list is moved once for as many steps: what each step costs stays the same.
    if (this.#head > 1_000 && this.#head > this.#places.length / 2) {
      this.#places = this.#places.slice(this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#places = [];
    this.#left.clear();
    this.#head = 0;
  }
}
