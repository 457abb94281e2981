import { DETECTOR_FRAME_MS } from './speech-detector.ts';
import { SILENCE_PROBABILITY, SPEECH_PROBABILITY } from './speech-start.ts';

/**
 * How finished the caller's words so far sound: `Open` when more is to come, `Rounded` when all is there that is needed,
 * but more is sometimes said, `Whole` when hardly ever.
 */
export type Completeness = 'Open' | 'Unknown' | 'Rounded' | 'Whole';

/**
 * Stop strategy: the caller's turn is over after a silence that is longer than this caller's own pauses of late. Words
 * that sound finished, or plainly are not, move the end within the tenant's bounds.
 */
export class Endpointing {
  readonly #bounds: EndpointingBounds;
  #silenceMs = 0;
  /** The latest ones, in ms. */
  #pauses: readonly number[] = FIRST_PAUSES;
  #completeness: Completeness = 'Unknown';
  #wasCutOff = false;

  constructor(bounds: EndpointingBounds) {
    this.#bounds = bounds;
  }

  /** Silence at the end of the turn so far. */
  get silenceMs(): number {
    return this.#silenceMs;
  }

  /** The silence that ends the turn, as things stand. */
  get endsAfterMs(): number {
    const { minMs, maxMs } = this.#bounds;
    if (this.#completeness === 'Open') return maxMs;
    const usualMs = Math.min(maxMs, Math.max(minMs, Math.max(...this.#pauses) + MARGIN_MS));
    return Math.max(minMs, Math.min(usualMs, this.#mostMs));
  }

  get #mostMs(): number {
    if (this.#completeness === 'Whole') return WHOLE_MS;
    return this.#completeness === 'Rounded' && !this.#wasCutOff ? ROUNDED_MS : Number.POSITIVE_INFINITY;
  }

  /**
   * Takes the next frame's probability; true when the turn ends with it.
   *
   * @param quietMs For how long no sound was heard, this frame included: silence that is found now began then.
   */
  stops(probability: number, quietMs = DETECTOR_FRAME_MS): boolean {
    if (probability >= SPEECH_PROBABILITY) this.#goOn();
    else if (this.#silenceMs > 0) this.#silenceMs += DETECTOR_FRAME_MS;
    else if (probability < SILENCE_PROBABILITY) this.#silenceMs = Math.max(DETECTOR_FRAME_MS, quietMs);
    return this.#silenceMs >= this.endsAfterMs;
  }

  /** What is thought of the words before the silence that goes on; the next speech takes it back. */
  judge(completeness: Completeness): void {
    this.#completeness = completeness;
  }

  /** The caller made a pause of so long, after which there was more to say. */
  paused(ms: number): void {
    if (ms >= SHORTEST_PAUSE_MS) this.#pauses = [...this.#pauses, ms].slice(-REMEMBERED_PAUSES);
  }

  /**
   * The caller went on after so long, when the turn had been taken for over: sentences of this one are not trusted again.
   */
  cutOff(ms: number): void {
    this.paused(ms);
    this.#wasCutOff = true;
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

/**
 * Of a caller of whom nothing is known, who may stop to think for up to 1.2 s. Few pauses are longer, and what sounds
 * finished does not wait.
 */
const FIRST_PAUSES: readonly number[] = [1_000];
/**
 * People do not pause alike each time: with pauses drawn evenly from 0.3 to 1.2 s, so much more is next to never too
 * little.
 */
const MARGIN_MS = 250;
/** Some sentences: who was nervous at first may not stay so. */
const REMEMBERED_PAUSES = 8;
/** Shorter ones are closed consonants and breath. */
const SHORTEST_PAUSE_MS = 150;
/** Two clauses of one breath are rarely further apart than that where the first could stand alone. */
const WHOLE_MS = 480;
/** Few pauses within a turn are longer, and little is added to what has all that it needs. */
const ROUNDED_MS = 1_030;
