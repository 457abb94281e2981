import { noise } from './noise.ts';
import type { CallerStep } from './scenario.ts';
import { StepPace } from './step-pace.ts';
import type { ToneWords } from './tone-words.ts';

/** The caller of a scenario, one frame of 20 ms after another. */
export class ScriptedCaller {
  readonly #words: ToneWords;
  readonly #line: CallerLine;
  readonly #pace: StepPace;
  /** What is being said, and how much of it was. */
  #speech = new Int16Array(0);
  #said = 0;
  #isWords = false;
  #keys: readonly string[] = [];

  constructor(steps: readonly CallerStep[], words: ToneWords, line: CallerLine) {
    this.#pace = new StepPace(steps);
    this.#words = words;
    this.#line = line;
  }

  /** Whether the caller is in the middle of words, as loud as one who speaks to the agent. */
  get speaking(): boolean {
    return this.#isWords && this.#said < this.#speech.length;
  }

  /** The next frame, at 8 kHz; `sounding`: whether the agent is heard now. */
  frame(sounding: boolean): Int16Array {
    this.#pace.heard(sounding);
    if (this.#said >= this.#speech.length) this.#begin(this.#pace.take());
    const samples = new Int16Array(FRAME_SAMPLES);
    samples.set(this.#speech.subarray(this.#said, this.#said + FRAME_SAMPLES));
    if (this.#said % KEY_SAMPLES === 0) this.#press(this.#said / KEY_SAMPLES);
    this.#said = Math.min(this.#speech.length, this.#said + FRAME_SAMPLES);
    if (this.#said < this.#speech.length) this.#pace.occupied();
    return samples;
  }

  #begin(step: CallerStep | undefined): void {
    if (!step) return;
    this.#said = 0;
    this.#speech = this.#soundOf(step);
    this.#isWords = 'say' in step && step.level >= FAR_LEVEL;
    this.#keys = 'press' in step ? step.press.split('') : [];
    if ('hangUp' in step) this.#line.hangUp();
    if ('pod' in step) this.#line.movePod(step.pod);
  }

  #press(index: number): void {
    const key = this.#keys[index];
    if (key !== undefined) this.#line.press(key);
  }

  #soundOf(step: CallerStep): Int16Array<ArrayBuffer> {
    if ('say' in step) return new Int16Array(this.#words.speech(step.say, amplitude(step.level)));
    if ('noise' in step) return noise(step.noise * 8, amplitude(step.level));
    return new Int16Array('press' in step ? step.press.length * KEY_SAMPLES : 0);
  }
}

/** What the caller can do besides making sound, and what befalls the pod. */
export interface CallerLine {
  press(digit: string): void;
  hangUp(): void;
  movePod(how: 'dies' | 'gives'): void;
}

const FRAME_SAMPLES = 160;
/** 200 ms: as quick as one types. */
const KEY_SAMPLES = 1_600;
const AMPLITUDE = 8_000;
/** Whoever is softer speaks to somebody else. */
const FAR_LEVEL = -20;

function amplitude(level: number): number {
  return AMPLITUDE * 10 ** (level / 20);
}
