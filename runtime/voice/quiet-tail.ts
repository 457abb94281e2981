import { rootMeanSquare } from './loudness.ts';
import { DETECTOR_FRAME_MS, DETECTOR_FRAME_SAMPLES } from './speech-detector.ts';

/**
 * For how long the sound of a turn has died away. The model of voice activity has a memory, and takes frames for speech
 * until some 80 ms after the last sound (120 ms in one of ten words): the silence that it finds began before.
 *
 * Goes by pieces of frames, and by how still the line is: on a quiet one also the soft end of a word is heard.
 */
export class QuietTail {
  #loudest = 0;
  /** Of the stillest frame of late, which is the line's own noise. */
  #noise = Number.POSITIVE_INFINITY;
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

  /** @param samples A frame of the detector's. */
  push(samples: Int16Array): void {
    const level = rootMeanSquare(samples);
    this.#loudest = Math.max(this.#loudest, level);
    this.#noise = Math.min(level, this.#noise * NOISE_RISE + 1);
    const audible = this.#audibleLevel;
    for (let at = 0; at < samples.length; at += PIECE_SAMPLES) {
      const isQuiet = rootMeanSquare(samples.subarray(at, at + PIECE_SAMPLES)) < audible;
      this.#quietMs = isQuiet ? this.#quietMs + PIECE_MS : 0;
      this.#soundMs = isQuiet ? 0 : this.#soundMs + PIECE_MS;
    }
  }

  /** Before a new turn. */
  reset(): void {
    this.#loudest = 0;
    this.#quietMs = 0;
    this.#soundMs = 0;
  }

  get #audibleLevel(): number {
    const least = Math.max(this.#loudest * SOFT_SHARE, this.#noise * OVER_NOISE);
    return Math.min(this.#loudest * QUIET_SHARE, least);
  }
}

/** A period of a low voice, so that none of them lies between two of its pulses. */
const PIECE_MS = 8;
const PIECE_SAMPLES = (DETECTOR_FRAME_SAMPLES * PIECE_MS) / DETECTOR_FRAME_MS;
/** 26 dB below the loudest frame: under a word's last consonant, over the noise of a line on which words are understood. */
const QUIET_SHARE = 0.05;
/** 36 dB: under what is left of a word when it is over. */
const SOFT_SHARE = 0.016;
/** 10 dB. */
const OVER_NOISE = 3;
/** Noise that has grown is known as such after some seconds. */
const NOISE_RISE = 1.02;
const LONGEST_MS = 5 * DETECTOR_FRAME_MS;
