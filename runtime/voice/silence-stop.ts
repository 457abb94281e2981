import { DETECTOR_FRAME_MS } from './speech-detector.ts';
import { SILENCE_PROBABILITY, SPEECH_PROBABILITY } from './speech-start.ts';

/** Stop strategy: the caller's turn is over after a fixed silence. */
export class SilenceStop {
  readonly #endpointingMs: number;
  #silenceMs = 0;

  constructor(endpointingMs: number) {
    this.#endpointingMs = endpointingMs;
  }

  /** Silence at the end of the turn so far. */
  get silenceMs(): number {
    return this.#silenceMs;
  }

  /** Takes the next frame's probability; true when the turn ends with it. */
  stops(probability: number): boolean {
    if (probability >= SPEECH_PROBABILITY) this.#silenceMs = 0;
    else if (probability < SILENCE_PROBABILITY || this.#silenceMs > 0) this.#silenceMs += DETECTOR_FRAME_MS;
    return this.#silenceMs >= this.#endpointingMs;
  }

  reset(): void {
    this.#silenceMs = 0;
  }
}
