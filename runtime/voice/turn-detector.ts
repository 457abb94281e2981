import { concatenated } from '#runtime/media/concatenated.ts';
import type { JudgedFrame } from './caller-audio.ts';
import { type Completeness, Endpointing, type EndpointingBounds } from './endpointing.ts';
import { rootMeanSquare } from './loudness.ts';
import { QuietTail } from './quiet-tail.ts';
import { DETECTOR_FRAME_MS } from './speech-detector.ts';
import { SPEECH_PROBABILITY, SpeechStart } from './speech-start.ts';

/**
 * Finds the caller's turns in the judged frames.
 *
 *   quiet ── SpeechStart ──▶ turn ── a short silence ──▶ pause ── Endpointing, or too long ──▶ quiet
 *                              ▲                           │
 *                              └────────── speech ─────────┘
 *
 * A pause is reported when it begins, so that the words before it can be recognised while it is not yet known
 * whether the turn is over.
 */
export class TurnDetector {
  readonly #options: TurnDetectorOptions;
  readonly #events: TurnEvents;
  readonly #start: SpeechStart;
  readonly #endpointing: Endpointing;
  readonly #tail = new QuietTail();
  #frames: Int16Array[] = [];
  #speaking = false;
  /** Frames from before the turn's first speech. */
  #leadFrames = 0;
  #speechMs = 0;
  #pause: Pause | undefined;
  /** Since the last speech of the turn before. */
  #quietMs = Number.POSITIVE_INFINITY;

  constructor(options: TurnDetectorOptions, events: TurnEvents) {
    this.#options = options;
    this.#events = events;
    this.#start = new SpeechStart(options.minSpeechMs);
    this.#endpointing = new Endpointing(options.endpointing);
  }

  /** Whether a turn of the caller is going on, its last silence included. */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** Whether the caller's voice is heard: a turn is going on, and no pause in it. */
  get sounding(): boolean {
    return this.#speaking && this.#pause === undefined;
  }

  /** Whether a turn may be beginning: there is a sound of which it is not sure yet whether it is speech. */
  get mayBegin(): boolean {
    return !this.#speaking && (this.#mayGoOn || this.#start.speechMs > 0);
  }

  push({ samples, narrow, probability }: JudgedFrame): void {
    this.#frames.push(samples);
    if (!this.#speaking) {
      // Against how loud the caller was in the turn before.
      this.#tail.push(narrow);
      this.#quietMs += DETECTOR_FRAME_MS;
      if (!this.#start.starts(probability)) this.#forgetOldFrames();
      else this.#begin();
      return;
    }
    this.#tail.push(narrow);
    const ends = this.#endpointing.stops(probability, this.#tail.ms) && !this.#mayGoOn;
    if (probability >= SPEECH_PROBABILITY) this.#goOn();
    if (ends || this.#frames.length * DETECTOR_FRAME_MS >= this.#options.maxUtteranceMs) this.#end();
    else if (!this.#pause && this.#endpointing.silenceMs >= this.#options.pauseMs) this.#beginPause();
  }

  /** Whether there is a sound that may be the next word: the model of voice activity is sure of that some frames later. */
  get #mayGoOn(): boolean {
    return this.#tail.soundMs > 0 && this.#tail.soundMs <= UNSURE_MS;
  }

  #begin(): void {
    this.#speaking = true;
    this.#speechMs = this.#start.speechMs;
    this.#leadFrames = this.#frames.length - this.#speechMs / DETECTOR_FRAME_MS;
    this.#endpointing.reset();
    this.#tail.reset();
    // Nobody replies that soon: the turn before was taken for over in one of the caller's pauses.
    const pauseMs = this.#quietMs - this.#speechMs;
    if (pauseMs <= LONGEST_PAUSE_MS) this.#endpointing.cutOff(pauseMs);
    this.#events.speech(this.#speechMs);
  }

  #goOn(): void {
    this.#speechMs += DETECTOR_FRAME_MS;
    this.#pause?.settle(undefined);
    this.#pause = undefined;
    this.#events.speech(this.#speechMs);
  }

  #beginPause(): void {
    this.#pause = new Pause(this.#utterance(), this.#endpointing);
    this.#events.paused(this.#pause);
  }

  #end(): void {
    const pause = this.#pause ?? new Pause(this.#utterance(), this.#endpointing);
    const isNew = this.#pause === undefined;
    this.#speaking = false;
    this.#quietMs = this.#endpointing.silenceMs;
    this.#pause = undefined;
    const ended = this.#utterance();
    this.#frames = this.#frames.slice(-this.#preRollFrames);
    this.#start.reset();
    pause.settle(ended);
    if (isNew) this.#events.paused(pause);
    this.#events.ended(pause);
  }

  #utterance(): Utterance {
    const { silenceMs } = this.#endpointing;
    const nowMs = this.#options.clock.now();
    const surplus = Math.max(0, Math.floor((silenceMs - KEPT_SILENCE_MS) / DETECTOR_FRAME_MS));
    const frames = this.#frames.slice(0, this.#frames.length - surplus);
    return {
      samples: concatenated(frames),
      durationMs: frames.length * DETECTOR_FRAME_MS,
      startedAtMs: nowMs - (this.#frames.length - this.#leadFrames) * DETECTOR_FRAME_MS,
      endedAtMs: nowMs - silenceMs,
      speechMs: this.#speechMs,
      loudness: frames.reduce((loudest, frame) => Math.max(loudest, rootMeanSquare(frame)), 0),
    };
  }

  #forgetOldFrames(): void {
    while (this.#frames.length > this.#preRollFrames) this.#frames.shift();
  }

  get #preRollFrames(): number {
    return Math.ceil((this.#options.preRollMs + this.#options.minSpeechMs) / DETECTOR_FRAME_MS);
  }
}

export interface TurnDetectorOptions {
  readonly clock: { now(): number };
  readonly endpointing: EndpointingBounds;
  /** Silence after which a turn may be over: it is a pause until it is known. */
  readonly pauseMs: number;
  readonly minSpeechMs: number;
  readonly preRollMs: number;
  readonly maxUtteranceMs: number;
}

export interface TurnEvents {
  /** The caller has spoken for so long in this turn; comes with every frame of speech. */
  speech(speechMs: number): void;
  /** The caller has stopped, perhaps for good. */
  paused(pause: Pause): void;
  /** The caller's turn is over, with this pause. */
  ended(pause: Pause): void;
}

/** A silence after words of the caller, of which it is not known at first whether it ends the turn. */
export class Pause {
  /** All of the turn up to the pause. */
  readonly utterance: Utterance;
  /** The whole turn where the pause has ended it; undefined where the caller went on. */
  readonly settled: Promise<Utterance | undefined>;
  readonly #endpointing: Pick<Endpointing, 'judge'>;
  readonly #settle: (ended: Utterance | undefined) => void;
  #state: 'Open' | 'Ended' | 'WentOn' = 'Open';

  constructor(utterance: Utterance, endpointing: Pick<Endpointing, 'judge'>) {
    this.utterance = utterance;
    this.#endpointing = endpointing;
    const { promise, resolve } = Promise.withResolvers<Utterance | undefined>();
    this.settled = promise;
    this.#settle = resolve;
  }

  get state(): 'Open' | 'Ended' | 'WentOn' {
    return this.#state;
  }

  /** Says what the words sound like, which brings the end of the turn nearer or puts it off. */
  judge(completeness: Completeness): void {
    if (this.#state === 'Open') this.#endpointing.judge(completeness);
  }

  settle(ended: Utterance | undefined): void {
    this.#state = ended ? 'Ended' : 'WentOn';
    this.#settle(ended);
  }
}

/** A turn of the caller so far, with a little silence at both ends. */
export interface Utterance {
  /** At the carrier's rate. */
  readonly samples: Int16Array;
  readonly durationMs: number;
  /** Wall-clock epoch ms of its first and last sound. */
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Speech in it, without the silences. */
  readonly speechMs: number;
  /** Root mean square of its loudest 32 ms, of 32,768. */
  readonly loudness: number;
}

const LONGEST_PAUSE_MS = 1_500;
/** In so long the model is sure of 97 of 100 words; of those that begin with a glide ("we", "when") it is last. */
const UNSURE_MS = 5 * DETECTOR_FRAME_MS;
/** Recognisers want a little silence after the last word. */
const KEPT_SILENCE_MS = 256;
