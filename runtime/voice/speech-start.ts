import { DETECTOR_FRAME_MS } from './speech-detector.ts';

/** Start strategy: the caller speaks once enough frames in a row are speech. */
export class SpeechStart {
  readonly #minSpeechMs: number;
  #speechMs = 0;

  constructor(minSpeechMs: number) {
    this.#minSpeechMs = minSpeechMs;
  }

  /** Speech of the run so far. */
  get speechMs(): number {
    return this.#speechMs;
  }

  /** Takes the next frame's probability; true when a turn starts with it. */
  starts(probability: number): boolean {
    if (probability >= SPEECH_PROBABILITY) this.#speechMs += DETECTOR_FRAME_MS;
    else if (probability < SILENCE_PROBABILITY) this.#speechMs = 0;
    return this.#speechMs >= this.#minSpeechMs;
  }

  reset(): void {
    this.#speechMs = 0;
  }
}

/** Silero's own activation threshold; between the two a frame goes with those before it. */
export const SPEECH_PROBABILITY = 0.5;
export const SILENCE_PROBABILITY = 0.35;
