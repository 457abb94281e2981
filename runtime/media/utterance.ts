import type { AudioEncoder } from './audio-codec.ts';

/** What is queued, sent and heard of one utterance. */
export class Utterance {
  readonly number: number;
  readonly played: Promise<void>;
  readonly #resolvePlayed: () => void;
  readonly #frames: QueuedFrame[] = [];
  /** Samples that do not fill a frame yet. */
  #tail = new Int16Array(0);
  #ended = false;
  #settled = false;
  #sentMs = 0;
  #firstSentAtMs = 0;
  /** Audio position of each mark placed, by its index. */
  readonly #markedMs: number[] = [];
  #heard = { ms: 0, atMs: 0 };
  #resolveRoom: (() => void) | undefined;
  #onLastMark: (() => void) | undefined;

  constructor(number: number) {
    this.number = number;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.played = promise;
    this.#resolvePlayed = resolve;
  }

  get ended(): boolean {
    return this.#ended || this.#settled;
  }

  get queuedMs(): number {
    return this.#frames.length * FRAME_MS;
  }

  get sentMs(): number {
    return this.#sentMs;
  }

  get lastMarkMs(): number {
    return this.#markedMs.at(-1) ?? 0;
  }

  queue(samples: Int16Array, frameSamples: number, encoder: AudioEncoder): void {
    const whole = new Int16Array(this.#tail.length + samples.length);
    whole.set(this.#tail);
    whole.set(samples, this.#tail.length);
    let at = 0;
    for (; at + frameSamples <= whole.length; at += frameSamples) {
      const frame = whole.subarray(at, at + frameSamples);
      this.#frames.push({ samples: frame, payload: encoder.encode(frame) });
    }
    this.#tail = whole.slice(at);
  }

  /** No more will come: the tail is padded with silence to a whole frame. */
  finish(frameSamples: number, encoder: AudioEncoder): void {
    if (this.#ended) return;
    if (this.#tail.length > 0)
      this.queue(new Int16Array(frameSamples - this.#tail.length), frameSamples, encoder);
    this.#ended = true;
  }

  /** The next frames, at most so many. */
  take(count: number): QueuedFrame[] {
    return this.#frames.splice(0, count);
  }

  sent(ms: number, nowMs: number): void {
    if (this.#sentMs === 0) this.#firstSentAtMs = nowMs;
    this.#sentMs += ms;
    this.#wakeWriter();
  }

  /** Marks the audio sent so far; returns the mark's index. */
  placeMark(): number {
    return this.#markedMs.push(this.#sentMs) - 1;
  }

  heardUpTo(index: number, nowMs: number): void {
    const ms = this.#markedMs[index];
    if (ms === undefined || this.#settled) return;
    if (ms >= this.#heard.ms) this.#heard = { ms, atMs: nowMs };
    if (this.#ended && this.#frames.length === 0 && index === this.#markedMs.length - 1) this.settle();
  }

  /** The last mark, and the time since it, up to the next mark: that has not come back yet. */
  heardMs(nowMs: number): number {
    if (this.#sentMs === 0) return 0;
    const { ms, atMs } = this.#heard;
    const sinceMs = nowMs - (ms === 0 ? this.#firstSentAtMs : atMs);
    return Math.min(ms + Math.min(sinceMs, MARK_EVERY_MS), this.#sentMs);
  }

  awaitLastMark(then: () => void): void {
    this.#onLastMark = then;
  }

  /** Resolves when a frame has left the queue, or all is over. */
  untilRoom(): Promise<void> {
    if (this.#settled) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resolveRoom = resolve;
    return promise;
  }

  settle(): void {
    this.#settled = true;
    this.#frames.length = 0;
    this.#wakeWriter();
    this.#onLastMark?.();
    this.#resolvePlayed();
  }

  #wakeWriter(): void {
    this.#resolveRoom?.();
    this.#resolveRoom = undefined;
  }
}

/** 20 ms of the agent's, as they are and as they are sent. */
export interface QueuedFrame {
  readonly samples: Int16Array;
  readonly payload: Buffer;
}

/** The carrier's smallest message. */
export const FRAME_MS = 20;
/** So that what a caller heard is known to within half a second. */
export const MARK_EVERY_MS = 400;
