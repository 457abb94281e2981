import { concatenated } from '#runtime/media/concatenated.ts';
import type { JudgedFrame } from './caller-audio.ts';
import { rootMeanSquare } from './loudness.ts';
import { SilenceStop } from './silence-stop.ts';
import { DETECTOR_FRAME_MS } from './speech-detector.ts';
import { SPEECH_PROBABILITY, SpeechStart } from './speech-start.ts';

/**
 * Finds the caller's turns in the judged frames.
 *
 *   quiet (the last frames are kept) ── SpeechStart ──▶ turn ── SilenceStop, or too long ──▶ quiet
 */
export class TurnDetector {
  readonly #options: TurnDetectorOptions;
  readonly #events: TurnEvents;
  readonly #start: SpeechStart;
  readonly #stop: SilenceStop;
  #frames: Int16Array[] = [];
  #speaking = false;
  #speechMs = 0;

  constructor(options: TurnDetectorOptions, events: TurnEvents) {
    this.#options = options;
    this.#events = events;
    this.#start = new SpeechStart(options.minSpeechMs);
    this.#stop = new SilenceStop(options.endpointingMs);
  }

  /** Whether a turn of the caller is going on, its last silence included. */
  get speaking(): boolean {
    return this.#speaking;
  }

  push({ samples, probability }: JudgedFrame): void {
    this.#frames.push(samples);
    if (!this.#speaking) {
      if (!this.#start.starts(probability)) this.#forgetOldFrames();
      else this.#begin();
      return;
    }
    if (probability >= SPEECH_PROBABILITY) {
      this.#speechMs += DETECTOR_FRAME_MS;
      this.#events.speech(this.#speechMs);
    }
    if (
      this.#stop.stops(probability) ||
      this.#frames.length * DETECTOR_FRAME_MS >= this.#options.maxUtteranceMs
    ) {
      this.#end();
    }
  }

  #begin(): void {
    this.#speaking = true;
    this.#speechMs = this.#start.speechMs;
    this.#stop.reset();
    this.#events.speech(this.#speechMs);
  }

  #end(): void {
    const silenceMs = this.#stop.silenceMs;
    const surplus = Math.max(0, Math.floor((silenceMs - KEPT_SILENCE_MS) / DETECTOR_FRAME_MS));
    const frames = this.#frames.slice(0, this.#frames.length - surplus);
    const utterance = {
      samples: concatenated(frames),
      durationMs: frames.length * DETECTOR_FRAME_MS,
      sinceStartMs: this.#frames.length * DETECTOR_FRAME_MS,
      silenceMs,
      loudness: Math.max(...frames.map(rootMeanSquare)),
    };
    this.#speaking = false;
    this.#frames = this.#frames.slice(-this.#preRollFrames);
    this.#start.reset();
    this.#events.utterance(utterance);
  }

  #forgetOldFrames(): void {
    while (this.#frames.length > this.#preRollFrames) this.#frames.shift();
  }

  get #preRollFrames(): number {
    return Math.ceil((this.#options.preRollMs + this.#options.minSpeechMs) / DETECTOR_FRAME_MS);
  }
}

export interface TurnDetectorOptions {
  readonly endpointingMs: number;
  readonly minSpeechMs: number;
  readonly preRollMs: number;
  readonly maxUtteranceMs: number;
}

export interface TurnEvents {
  /** The caller has spoken for so long in this turn; comes with every frame of speech. */
  speech(speechMs: number): void;
  utterance(utterance: Utterance): void;
}

/** One turn of the caller, with a little silence at both ends. */
export interface Utterance {
  /** At the carrier's rate. */
  readonly samples: Int16Array;
  readonly durationMs: number;
  /** How long before its report it started. */
  readonly sinceStartMs: number;
  /** How long before its report the last speech was. */
  readonly silenceMs: number;
  /** Root mean square of its loudest 32 ms, of 32,768. */
  readonly loudness: number;
}

/** Recognisers want a little silence after the last word. */
const KEPT_SILENCE_MS = 256;
