import type { CallerStep } from './scenario.ts';
import type { ToneWords } from './tone-words.ts';

/** The caller of a scenario, one frame of 20 ms after another. */
export class ScriptedCaller {
  readonly #words: ToneWords;
  readonly #line: CallerLine;
  readonly #steps: CallerStep[];
  /** What is being said, and how much of it was. */
  #speech = new Int16Array(0);
  #said = 0;
  #sinceStepMs = 0;
  /** Of the agent: for how long it has been heard, and has been silent since. */
  #soundingMs = 0;
  #silentMs = 0;

  constructor(steps: readonly CallerStep[], words: ToneWords, line: CallerLine) {
    this.#steps = [...steps];
    this.#words = words;
    this.#line = line;
  }

  /** The next frame, at 8 kHz; `sounding`: whether the agent is heard now. */
  frame(sounding: boolean): Int16Array {
    this.#sinceStepMs += FRAME_MS;
    if (sounding) {
      this.#soundingMs = this.#silentMs > 0 ? FRAME_MS : this.#soundingMs + FRAME_MS;
      this.#silentMs = 0;
    } else this.#silentMs += FRAME_MS;
    if (this.#said >= this.#speech.length && this.#isTime()) this.#begin();
    const samples = new Int16Array(FRAME_SAMPLES);
    samples.set(this.#speech.subarray(this.#said, this.#said + FRAME_SAMPLES));
    this.#said = Math.min(this.#speech.length, this.#said + FRAME_SAMPLES);
    if (this.#said < this.#speech.length) this.#sinceStepMs = 0;
    return samples;
  }

  #isTime(): boolean {
    const [step] = this.#steps;
    if (!step) return false;
    if ('silence' in step) return this.#sinceStepMs >= step.silence;
    if (step.after !== undefined) return this.#sinceStepMs >= step.after;
    if (step.into !== undefined) return this.#silentMs === 0 && this.#soundingMs >= step.into;
    return this.#soundingMs > 0 && this.#silentMs >= POLITE_MS;
  }

  #begin(): void {
    const step = this.#steps.shift();
    if (!step) return;
    this.#sinceStepMs = 0;
    this.#soundingMs = 0;
    this.#said = 0;
    this.#speech = this.#soundOf(step);
    if ('press' in step) for (const digit of step.press) this.#line.press(digit);
    if ('hangUp' in step) this.#line.hangUp();
  }

  #soundOf(step: CallerStep): Int16Array<ArrayBuffer> {
    if ('say' in step)
      return new Int16Array(this.#words.speech(step.say, AMPLITUDE * 10 ** (step.level / 20)));
    if ('noise' in step) return noise(step.noise, AMPLITUDE * 10 ** (step.level / 20));
    return new Int16Array(0);
  }
}

export interface CallerLine {
  press(digit: string): void;
  hangUp(): void;
}

const FRAME_MS = 20;
const FRAME_SAMPLES = 160;
const AMPLITUDE = 8_000;
/** How long a polite caller waits before speaking. */
const POLITE_MS = 500;

/** White, and the same each time. */
function noise(ms: number, amplitude: number): Int16Array<ArrayBuffer> {
  let seed = 1;
  return Int16Array.from({ length: ms * 8 }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return (seed / 2_147_483_647 - 0.5) * 2 * amplitude;
  });
}
