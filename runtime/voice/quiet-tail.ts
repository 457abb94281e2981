import { rootMeanSquare } from './loudness.ts';
import { DETECTOR_FRAME_MS } from './speech-detector.ts';

/**
 * For how long the sound of a turn has died away. The model of voice activity has a memory, and takes frames for speech
 * until some 80 ms after the last sound (120 ms in one of ten words): the silence that it finds began before.
 */
export class QuietTail {
  #loudest = 0;
  #quietMs = 0;
  #soundMs = 0;

  /** At the end of the frames so far; no longer than the model's memory reaches. */
  get ms(): number {
    return Math.min(this.#quietMs, LONGEST_MS);
  }

  /** For how long there has been sound again, at the end of the frames so far. */
  get soundMs(): number {
    return this.#soundMs;
  }

  push(samples: Int16Array): void {
    const level = rootMeanSquare(samples);
    this.#loudest = Math.max(this.#loudest, level);
    const isQuiet = level < this.#loudest * QUIET_SHARE;
    this.#quietMs = isQuiet ? this.#quietMs + DETECTOR_FRAME_MS : 0;
    this.#soundMs = isQuiet ? 0 : this.#soundMs + DETECTOR_FRAME_MS;
  }

  /** Before a new turn. */
  reset(): void {
    this.#loudest = 0;
    this.#quietMs = 0;
    this.#soundMs = 0;
  }
}

/** 26 dB below the loudest frame: under a word's last consonant, over the noise of a line on which words are understood. */
const QUIET_SHARE = 0.05;
const LONGEST_MS = 5 * DETECTOR_FRAME_MS;
