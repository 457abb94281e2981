/** A pause between two pieces of agent audio that is too short to be meant. */
export interface Underrun {
  /** When the audio ran out, in milliseconds of play-out. */
  readonly atMs: number;
  readonly gapMs: number;
}

export interface PlayOutOptions {
  readonly sampleRateHz: number;
  /** A mark was returned: `cleared` when a clear did it, and not the audio before it having played. */
  readonly onMark: (name: string, cleared: boolean) => void;
}

type Item = { readonly samples: Int16Array; used: number } | { readonly mark: string };

export const FRAME_MS = 20;
/** Silence up to this long between two pieces counts as an underrun; longer, as a pause. */
const UNDERRUN_WINDOW_MS = 400;
const MAX_QUEUED_MS = 300_000;
const MAX_UNDERRUNS = 1_000;

/**
 * The play-out clock towards the caller's ear: what the agent sends is queued and leaves 20 ms at a
 * time. A mark comes back at the tick after the last frame before it began, so when it has been heard.
 */
export class PlayOut {
  readonly #options: PlayOutOptions;
  readonly #frameSamples: number;
  #items: Item[] = [];
  #queuedSamples = 0;
  /** Marks that were passed inside the frame that plays now. */
  #passed: string[] = [];
  #playing = false;
  #dryTicks = 0;
  #spoke = false;
  #ticks = 0;
  #playedMs = 0;
  readonly underruns: Underrun[] = [];

  constructor(options: PlayOutOptions) {
    this.#options = options;
    this.#frameSamples = options.sampleRateHz / (1_000 / FRAME_MS);
  }

  get queuedMs(): number {
    return (this.#queuedSamples / this.#options.sampleRateHz) * 1_000;
  }

  /** Audio that left towards the caller, gaps left out. */
  get playedMs(): number {
    return this.#playedMs;
  }

  /** False when the queue is full: the audio is not taken. */
  queue(samples: Int16Array): boolean {
    if (this.queuedMs > MAX_QUEUED_MS) return false;
    this.#items.push({ samples, used: 0 });
    this.#queuedSamples += samples.length;
    return true;
  }

  mark(name: string): void {
    if (this.#items.length === 0 && !this.#playing) this.#options.onMark(name, false);
    else this.#items.push({ mark: name });
  }

  /** Forgets what has not been played and returns every mark in it. */
  clear(): void {
    const marks = [...this.#passed, ...this.#items.flatMap((item) => ('mark' in item ? [item.mark] : []))];
    this.#items = [];
    this.#passed = [];
    this.#queuedSamples = 0;
    // What comes next is a new utterance, not the rest of this one.
    this.#spoke = false;
    for (const mark of marks) this.#options.onMark(mark, true);
  }

  /** The next 20 ms at the stream's rate; undefined when nothing is queued. */
  tick(): Int16Array | undefined {
    this.#ticks += 1;
    for (const mark of this.#passed.splice(0)) this.#options.onMark(mark, false);
    this.#returnLeadingMarks();
    const frame = this.#takeFrame();
    this.#playing = frame !== undefined;
    this.#countGap(frame !== undefined);
    return frame;
  }

  #returnLeadingMarks(): void {
    for (let head = this.#items[0]; head && 'mark' in head; head = this.#items[0]) {
      this.#items.shift();
      this.#options.onMark(head.mark, false);
    }
  }

  /** A frame that the queue cannot fill ends in silence. */
  #takeFrame(): Int16Array | undefined {
    if (this.#queuedSamples === 0) return undefined;
    const frame = new Int16Array(this.#frameSamples);
    let filled = 0;
    while (filled < frame.length) {
      const head = this.#items[0];
      if (!head) break;
      if ('mark' in head) {
        this.#passed.push(head.mark);
        this.#items.shift();
        continue;
      }
      const part = head.samples.subarray(head.used, head.used + frame.length - filled);
      frame.set(part, filled);
      filled += part.length;
      head.used += part.length;
      if (head.used === head.samples.length) this.#items.shift();
    }
    this.#queuedSamples -= filled;
    this.#playedMs += (filled / this.#options.sampleRateHz) * 1_000;
    return frame;
  }

  #countGap(speaking: boolean): void {
    if (!speaking) {
      this.#dryTicks += 1;
      return;
    }
    const gapMs = this.#dryTicks * FRAME_MS;
    if (this.#spoke && gapMs > 0 && gapMs <= UNDERRUN_WINDOW_MS && this.underruns.length < MAX_UNDERRUNS) {
      this.underruns.push({ atMs: (this.#ticks - 1) * FRAME_MS - gapMs, gapMs });
    }
    this.#dryTicks = 0;
    this.#spoke = true;
  }
}
