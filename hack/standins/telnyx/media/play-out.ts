/** Silence inside an utterance of the agent: it fell behind its own speech. */
export interface Underrun {
  /** When the audio ran out, in milliseconds of the call. */
  readonly atMs: number;
  readonly gapMs: number;
  /** How late the stand-in itself was at most in the last second: a share of the gap that nobody else is to blame for. */
  readonly ownDelayMs: number;
}

export interface PlayOutOptions {
  readonly sampleRateHz: number;
  /** A mark was returned: `cleared` when a clear did it, and not the audio before it having played. */
  readonly onMark: (name: string, cleared: boolean) => void;
  /** The time of the call at this tick; default: that of the ticks so far. */
  readonly callMs?: () => number;
  /** How late the ticks were at most in the last second. */
  readonly ownDelayMs?: () => number;
}

type Item = { readonly samples: Int16Array; used: number } | { readonly mark: string };

export const FRAME_MS = 20;
const MAX_QUEUED_MS = 300_000;
const MAX_UNDERRUNS = 1_000;

/**
 * The play-out clock towards the caller's ear: what the agent sends is queued and leaves 20 ms at a
 * time. A mark comes back at the tick after the last frame before it began, so when it has been heard.
 * Utterances are told apart by their marks: one ends with a mark, and marks that are the same up to their
 * last slash are of one utterance. So a gap after audio is an underrun, and one after a mark is an underrun
 * when the next mark is of the same utterance, and else a pause.
 */
export class PlayOut {
  readonly #options: PlayOutOptions;
  readonly #frameSamples: number;
  #items: Item[] = [];
  #queuedSamples = 0;
  /** Marks that were passed inside the frame that plays now. */
  #passed: string[] = [];
  #playing = false;
  #ticks = 0;
  #playedMs = 0;
  /** The last thing that came, if it was a mark. */
  #lastMark: string | undefined;
  /** That before the audio that ended the latest silence. */
  #markBefore: string | undefined;
  /** The silence since the last audio; undefined before the first and after a clear. */
  #silence: { fromMs: number; lengthMs: number } | undefined;
  /** A gap after a mark: the next mark tells what it was. */
  #undecided: { readonly gap: Underrun; readonly mark: string } | undefined;
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
    if (this.#queuedSamples === 0) this.#markBefore = this.#lastMark;
    this.#lastMark = undefined;
    this.#items.push({ samples, used: 0 });
    this.#queuedSamples += samples.length;
    return true;
  }

  mark(name: string): void {
    this.#lastMark = name;
    this.#decide(name);
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
    this.#silence = undefined;
    this.#undecided = undefined;
    for (const mark of marks) this.#options.onMark(mark, true);
  }

  /** The next 20 ms at the stream's rate; undefined when nothing is queued. */
  tick(): Int16Array | undefined {
    this.#ticks += 1;
    if (this.#passed.length > 0) {
      for (const mark of this.#passed.splice(0)) this.#options.onMark(mark, false);
    }
    this.#returnLeadingMarks();
    const frame = this.#queuedSamples === 0 ? undefined : this.#takeFrame();
    this.#playing = frame !== undefined;
    if (!frame && this.#silence) this.#silence.lengthMs += FRAME_MS;
    return frame;
  }

  #returnLeadingMarks(): void {
    for (let head = this.#items[0]; head && 'mark' in head; head = this.#items[0]) {
      this.#items.shift();
      this.#options.onMark(head.mark, false);
    }
  }

  /** A frame that the queue cannot fill ends in silence. */
  #takeFrame(): Int16Array {
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
    const filledMs = (filled / this.#options.sampleRateHz) * 1_000;
    this.#playedMs += filledMs;
    this.#endSilence();
    const nowMs = this.#options.callMs?.() ?? (this.#ticks - 1) * FRAME_MS;
    this.#silence = { fromMs: nowMs + filledMs, lengthMs: FRAME_MS - filledMs };
    return frame;
  }

  #endSilence(): void {
    const silence = this.#silence;
    if (!silence || silence.lengthMs === 0) return;
    const ownDelayMs = this.#options.ownDelayMs?.() ?? 0;
    const gap = { atMs: silence.fromMs, gapMs: silence.lengthMs, ownDelayMs };
    if (this.#markBefore === undefined) this.#note(gap);
    else this.#undecided = { gap, mark: this.#markBefore };
    // The mark may wait in the queue behind this audio already.
    const waiting = this.#passed[0] ?? this.#items.find((item) => 'mark' in item)?.mark;
    if (waiting !== undefined) this.#decide(waiting);
  }

  /** The first mark after an undecided gap. */
  #decide(mark: string): void {
    const undecided = this.#undecided;
    this.#undecided = undefined;
    if (undecided && utteranceOf(undecided.mark) === utteranceOf(mark)) this.#note(undecided.gap);
  }

  #note(gap: Underrun): void {
    if (this.underruns.length < MAX_UNDERRUNS) this.underruns.push(gap);
  }
}

function utteranceOf(mark: string): string {
  const slash = mark.lastIndexOf('/');
  return slash === -1 ? mark : mark.slice(0, slash);
}
