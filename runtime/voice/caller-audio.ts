import { Resampler } from '#runtime/media/resampler.ts';
import {
  DETECTOR_FRAME_MS,
  DETECTOR_FRAME_SAMPLES,
  DETECTOR_RATE_HZ,
  type SpeechDetector,
} from './speech-detector.ts';

/**
 * Cuts the caller's decoded audio, in whatever pieces it comes, into the detector's frames and pairs
 * each with the probability that it is speech. The frames handed on keep the carrier's rate.
 */
export class CallerAudio {
  readonly #detector: SpeechDetector;
  readonly #options: CallerAudioOptions;
  readonly #resampler: Resampler;
  readonly #frameSamples: number;
  /** Where frames are cut from: an allocation for each would keep the garbage collector busy on a pod of many calls. */
  #slab = new Int16Array(0);
  #slabUsed = 0;
  #frame: Int16Array;
  #filled = 0;

  constructor(sampleRateHz: number, detector: SpeechDetector, options: CallerAudioOptions) {
    this.#detector = detector;
    this.#options = options;
    this.#resampler = new Resampler(sampleRateHz, DETECTOR_RATE_HZ);
    this.#frameSamples = (sampleRateHz * DETECTOR_FRAME_MS) / 1000;
    this.#frame = this.#newFrame();
  }

  /** Keeps nothing of `samples`. */
  push(samples: Int16Array, arrival: Arrival): void {
    for (let at = 0; at < samples.length; ) {
      const piece = samples.subarray(at, at + this.#frame.length - this.#filled);
      this.#frame.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === this.#frame.length) this.#judge(this.#frame, arrival);
    }
  }

  #newFrame(): Int16Array {
    if (this.#slabUsed === this.#slab.length) {
      this.#slab = new Int16Array(this.#frameSamples * SLAB_FRAMES);
      this.#slabUsed = 0;
    }
    const at = this.#slabUsed;
    this.#slabUsed += this.#frameSamples;
    return this.#slab.subarray(at, this.#slabUsed);
  }

  #judge(samples: Int16Array, arrival: Arrival): void {
    this.#frame = this.#newFrame();
    this.#filled = 0;
    const narrow = this.#resampler.process(samples);
    // All the carrier's rates are whole multiples of the detector's.
    if (narrow.length !== DETECTOR_FRAME_SAMPLES) throw new RangeError('a frame did not keep its length');
    const { onFrame, spare } = this.#options;
    this.#detector.detect(
      narrow,
      (probability) => onFrame({ samples, narrow, probability, arrival }),
      spare?.(),
    );
  }
}

/** A second. */
const SLAB_FRAMES = 32;

export interface CallerAudioOptions {
  readonly onFrame: (frame: JudgedFrame) => void;
  /** Whether there are more frames than can be judged, and this call's are worth little now. */
  readonly spare?: () => boolean;
}

/** Monotonic times of a piece of audio. */
export interface Arrival {
  /** When it should have come, by its stream's quickest pieces. */
  readonly dueAtMs: number;
  /** When this process took it from its socket. */
  readonly cameAtMs: number;
}

/** 32 ms of the caller at the carrier's rate. */
export interface JudgedFrame {
  readonly samples: Int16Array;
  /** The same at the detector's rate. */
  readonly narrow: Int16Array;
  readonly probability: number;
  /** Of the last of it. */
  readonly arrival: Arrival;
}
