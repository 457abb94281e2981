import type { SentAudio } from '#runtime/media/sent-audio.ts';
import { DETECTOR_FRAME_MS, DETECTOR_FRAME_SAMPLES } from './speech-detector.ts';

/**
 * Mute strategy: frames that are nothing but the agent's own words, come back from the caller's loudspeaker, are no
 * speech. The last quarter of a second is compared with what was sent, at the delay at which the two are most alike;
 * a caller who speaks at the same time makes them different, and is heard.
 */
export class EchoGate {
  readonly #sent: SentAudio;
  /** The latest samples of the caller, the last of them last. */
  readonly #heard = new Int16Array(WINDOW_SAMPLES);
  /** When the last of them ended: counted, as arrivals are uneven. */
  #endedAtMs = Number.NEGATIVE_INFINITY;
  /** Milliseconds of this that were heard without a gap. */
  #filledMs = 0;
  /** The delay of the echo in samples, where one was found. */
  #delay: number | undefined;
  #searches = 0;

  constructor(sent: SentAudio) {
    this.#sent = sent;
  }

  /** Takes each frame, at 8 kHz, and when it came, in monotonic ms; whether a frame that sounds like speech is an echo. */
  isEcho(frame: Int16Array, cameAtMs: number, isSpeech: boolean): boolean {
    if (!this.#sent.isHeard(cameAtMs, LONGEST_DELAY_MS + WINDOW_MS)) {
      this.#filledMs = 0;
      return false;
    }
    this.#keep(frame, cameAtMs);
    if (!isSpeech) this.#searches = 0;
    return isSpeech && this.#filledMs >= LEAST_MS && this.#isAlike();
  }

  #keep(frame: Int16Array, cameAtMs: number): void {
    const dueMs = this.#endedAtMs + DETECTOR_FRAME_MS;
    const isNext = Math.abs(dueMs - cameAtMs) < MAX_DRIFT_MS;
    this.#endedAtMs = isNext ? dueMs : cameAtMs;
    this.#filledMs = Math.min(WINDOW_MS, (isNext ? this.#filledMs : 0) + DETECTOR_FRAME_MS);
    this.#heard.copyWithin(0, DETECTOR_FRAME_SAMPLES);
    this.#heard.set(frame, WINDOW_SAMPLES - DETECTOR_FRAME_SAMPLES);
  }

  #isAlike(): boolean {
    const heard = this.#heard.subarray(-(this.#filledMs * SAMPLES_PER_MS));
    this.#sent.read(this.#endedAtMs, reference);
    if (this.#delay !== undefined && this.#best(heard, this.#delay, NEAR_SAMPLES).share >= ECHO_SHARE)
      return true;
    // Whoever speaks on and on is not searched for an echo in every frame.
    if (this.#searches++ >= MAX_SEARCHES) return false;
    const { delay, share } = this.#best(heard, coarseDelay(heard), COARSE);
    if (share < ECHO_SHARE) return false;
    this.#delay = delay;
    return true;
  }

  /** The delay near `around` at which the most of what was heard is what was sent. */
  #best(heard: Int16Array, around: number, near: number): { readonly delay: number; readonly share: number } {
    let best = { delay: around, share: 0 };
    for (let delay = Math.max(0, around - near); delay <= Math.min(LONGEST_DELAY, around + near); delay++) {
      const share = explainedShare(heard, reference, reference.length - delay - heard.length, 1);
      if (share > best.share) best = { delay, share };
    }
    return best;
  }
}

const SAMPLES_PER_MS = 8;
const WINDOW_MS = 256;
const WINDOW_SAMPLES = WINDOW_MS * SAMPLES_PER_MS;
/** Two frames: less than that looks alike by chance. */
const LEAST_MS = 64;
/** Networks, the carrier, a loudspeaker and its room. */
const LONGEST_DELAY_MS = 800;
const LONGEST_DELAY = LONGEST_DELAY_MS * SAMPLES_PER_MS;
/** More of it is the echo's than anybody else's. */
const ECHO_SHARE = 0.5;
const NEAR_SAMPLES = 16;
const COARSE = 4;
const MAX_DRIFT_MS = 60;
const MAX_SEARCHES = 3;
/** Of the samples that were heard, one in so many is enough to find about where it is. */
const SPARSE = 16;

/** Shared by all calls: it is filled and read within one turn of the event loop. */
const reference = new Int16Array(WINDOW_SAMPLES + LONGEST_DELAY);

/** About where it is. */
function coarseDelay(heard: Int16Array): number {
  let best = { delay: 0, share: 0 };
  for (let delay = 0; delay <= LONGEST_DELAY; delay += COARSE) {
    const share = explainedShare(heard, reference, reference.length - delay - heard.length, SPARSE);
    if (share > best.share) best = { delay, share };
  }
  return best.delay;
}

/** The share of the power of `heard` that is a multiple of the reference from `from` on; 0 where it is one of opposite sign. */
function explainedShare(heard: Int16Array, sent: Int16Array, from: number, step: number): number {
  let [product, power, sentPower] = [0, 0, 0];
  for (let i = 0; i < heard.length; i += step) {
    const [a, b] = [heard[i] ?? 0, sent[from + i] ?? 0];
    product += a * b;
    power += a * a;
    sentPower += b * b;
  }
  return power === 0 || sentPower === 0 ? 0 : (product * product) / (power * sentPower);
}
