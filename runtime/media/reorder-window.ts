/**
 * Puts numbered frames back in order. A frame that is early waits for those before it, at most
 * until `width` frames wait; then the missing ones are given up. Late and repeated frames are
 * dropped. Numbers far off the stream's are dropped too, unless they go on: then the stream
 * restarted its numbering.
 */
export class ReorderWindow<T> {
  readonly #width: number;
  readonly #waiting = new Map<number, T>();
  #next: number | undefined;
  #farOff = 0;
  #lost = 0;
  #dropped = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /** Frames that never came. */
  get lost(): number {
    return this.#lost;
  }

  /** Frames that came too late, twice, or with a number far off. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a frame; returns those that are now in order, often just this one. */
  push(number: number, frame: T): T[] {
    this.#next ??= number;
    if (Math.abs(number - this.#next) > FAR_OFF_FRAMES) return this.#restartOrDrop(number, frame);
    this.#farOff = 0;
    if (number === this.#next && this.#waiting.size === 0) {
      this.#next++;
      return [frame];
    }
    if (number < this.#next || this.#waiting.has(number)) {
      this.#dropped++;
      return [];
    }
    this.#waiting.set(number, frame);
    if (this.#waiting.size > this.#width) this.#giveUpMissing();
    return this.#release();
  }

  #release(): T[] {
    const ready: T[] = [];
    if (this.#next === undefined) return ready;
    for (let frame = this.#waiting.get(this.#next); frame !== undefined; ) {
      this.#waiting.delete(this.#next);
      ready.push(frame);
      this.#next++;
      frame = this.#waiting.get(this.#next);
    }
    return ready;
  }

  #giveUpMissing(): void {
    const first = Math.min(...this.#waiting.keys());
    this.#lost += first - (this.#next ?? first);
    this.#next = first;
  }

  #restartOrDrop(number: number, frame: T): T[] {
    this.#farOff++;
    if (this.#farOff <= this.#width) {
      this.#dropped++;
      return [];
    }
    this.#farOff = 0;
    this.#waiting.clear();
    this.#next = number + 1;
    return [frame];
  }
}

/** 10 s of 20 ms frames. */
const FAR_OFF_FRAMES = 500;
