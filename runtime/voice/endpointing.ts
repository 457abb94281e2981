import { DETECTOR_FRAME_MS } from './speech-detector.ts';
import { SILENCE_PROBABILITY, SPEECH_PROBABILITY } from './speech-start.ts';

/** How finished the caller's words so far sound: `Open` when more is to come, `Whole` when nothing is missing. */
export type Completeness = 'Open' | 'Unknown' | 'Whole';

/**
 * Stop strategy: the caller's turn is over after a silence that is longer than this caller's own pauses. Those are
 * followed by their mean and deviation, as TCP follows round trips (RFC 6298); words that are plainly whole, or
 * plainly not, move the end within the tenant's bounds.
 */
export class Endpointing {
  readonly #bounds: EndpointingBounds;
  #silenceMs = 0;
  #meanMs: number;
  #deviationMs: number;
  #completeness: Completeness = 'Unknown';

  constructor(bounds: EndpointingBounds) {
    this.#bounds = bounds;
    this.#meanMs = FIRST_MEAN_MS;
    this.#deviationMs = FIRST_DEVIATION_MS;
  }

  /** Silence at the end of the turn so far. */
  get silenceMs(): number {
    return this.#silenceMs;
  }

  /** The silence that ends the turn, as things stand. */
  get endsAfterMs(): number {
    const { minMs, maxMs } = this.#bounds;
    if (this.#completeness === 'Open') return maxMs;
    const usualMs = Math.min(maxMs, Math.max(minMs, this.#meanMs + DEVIATIONS * this.#deviationMs));
    return this.#completeness === 'Whole' ? Math.max(minMs, Math.min(usualMs, WHOLE_MS)) : usualMs;
  }

  /** Takes the next frame's probability; true when the turn ends with it. */
  stops(probability: number): boolean {
    if (probability >= SPEECH_PROBABILITY) this.#goOn();
    else if (probability < SILENCE_PROBABILITY || this.#silenceMs > 0) this.#silenceMs += DETECTOR_FRAME_MS;
    return this.#silenceMs >= this.endsAfterMs;
  }

  /** What is thought of the words before the silence that goes on; the next speech takes it back. */
  judge(completeness: Completeness): void {
    this.#completeness = completeness;
  }

  /** The caller made a pause of so long, after which there was more to say. */
  paused(ms: number): void {
    if (ms < SHORTEST_PAUSE_MS) return;
    this.#deviationMs += (Math.abs(ms - this.#meanMs) - this.#deviationMs) / 4;
    this.#meanMs += (ms - this.#meanMs) / 4;
  }

  /** Before a new turn: what is known of the caller's pauses is kept. */
  reset(): void {
    this.#silenceMs = 0;
    this.#completeness = 'Unknown';
  }

  #goOn(): void {
    this.paused(this.#silenceMs);
    this.reset();
  }
}

/** In milliseconds of silence. */
export interface EndpointingBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** People who answer a question pause for 0.2 to 0.4 s between clauses: 700 ms until more is known of this one. */
const FIRST_MEAN_MS = 300;
const FIRST_DEVIATION_MS = 160;
const DEVIATIONS = 2.5;
/** Shorter ones are closed consonants and breath. */
const SHORTEST_PAUSE_MS = 150;
/** Two clauses of one breath are rarely further apart than that where the first could stand alone. */
const WHOLE_MS = 480;
