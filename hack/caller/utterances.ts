const FRAME_MS = 20;
const FRAME_SAMPLES = 320;
/** About −44 dB of full scale: under any voice here, over the noise of G.711. */
const SPEECH_RMS = 200;
const START_FRAMES = 3;
/** Kept from before the start, since a word begins quietly. */
const PRE_ROLL_FRAMES = 15;
const MAX_UTTERANCE_FRAMES = 60_000 / FRAME_MS;

/** Cuts what is heard, 20 ms at a time at 16 kHz, into utterances by its energy. */
export class Utterances {
  readonly #endFrames: number;
  #frames: Int16Array[] = [];
  #loud = 0;
  #quiet = 0;
  #speaking = false;

  constructor(endOfSpeechMs: number) {
    this.#endFrames = Math.ceil(endOfSpeechMs / FRAME_MS);
  }

  /** Whether somebody is speaking, their short pauses included. */
  get speaking(): boolean {
    return this.#speaking;
  }

  /** Takes one frame (undefined is silence); returns the utterance that it ends. */
  take(frame: Int16Array | undefined): Int16Array | undefined {
    const loud = frame !== undefined && rms(frame) > SPEECH_RMS;
    this.#loud = loud ? this.#loud + 1 : 0;
    this.#quiet = loud ? 0 : this.#quiet + 1;
    this.#frames.push(frame ?? new Int16Array(FRAME_SAMPLES));
    if (!this.#speaking) {
      if (this.#loud >= START_FRAMES) this.#speaking = true;
      else if (this.#frames.length > PRE_ROLL_FRAMES) this.#frames.shift();
      return undefined;
    }
    if (this.#quiet < this.#endFrames && this.#frames.length < MAX_UTTERANCE_FRAMES) return undefined;
    const utterance = joined(this.#frames);
    this.#frames = [];
    this.#speaking = false;
    return utterance;
  }
}

function rms(frame: Int16Array): number {
  let sum = 0;
  for (const sample of frame) sum += sample * sample;
  return Math.sqrt(sum / frame.length);
}

function joined(frames: readonly Int16Array[]): Int16Array {
  const samples = new Int16Array(frames.reduce((total, frame) => total + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    samples.set(frame, at);
    at += frame.length;
  }
  return samples;
}
