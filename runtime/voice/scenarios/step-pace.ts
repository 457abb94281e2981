import type { CallerStep } from './scenario.ts';

/** When the caller of a scenario does the next thing, by what is heard of the agent: told of each 20 ms of the line. */
export class StepPace {
  readonly #steps: CallerStep[];
  readonly #breathMs: number;
  readonly #politeMs: number;
  #sinceStepMs = 0;
  /** Of the agent: for how long it has been heard, and has been silent since. */
  #soundingMs = 0;
  #silentMs = 0;

  constructor(steps: readonly CallerStep[], { breathMs = 0, politeMs = POLITE_MS }: PaceOptions = {}) {
    this.#steps = [...steps];
    this.#breathMs = breathMs;
    this.#politeMs = politeMs;
  }

  /** Another frame, in which the agent was heard or not. */
  heard(sounding: boolean): void {
    this.#sinceStepMs += FRAME_MS;
    if (!sounding) {
      this.#silentMs += FRAME_MS;
      return;
    }
    const isSame = this.#silentMs <= this.#breathMs;
    this.#soundingMs = (isSame ? this.#soundingMs + this.#silentMs : 0) + FRAME_MS;
    this.#silentMs = 0;
  }

  /** The caller is still busy with a step: times begin to count when that is over. */
  occupied(): void {
    this.#sinceStepMs = 0;
    this.#soundingMs = 0;
  }

  /** The step whose time has come. */
  take(): CallerStep | undefined {
    const [step] = this.#steps;
    if (!step || !this.#isTimeOf(step)) return undefined;
    this.#steps.shift();
    this.occupied();
    return step;
  }

  #isTimeOf(step: CallerStep): boolean {
    if ('silence' in step) return this.#sinceStepMs >= step.silence;
    if (step.after !== undefined) return this.#sinceStepMs >= step.after;
    if (this.#soundingMs === 0) return false;
    if (step.into === undefined) return this.#silentMs >= this.#politeMs;
    return this.#silentMs <= this.#breathMs && this.#soundingMs + this.#silentMs >= step.into;
  }
}

export interface PaceOptions {
  /** A silence of the agent up to this is a breath, and belongs to its words. Default: there is none. */
  readonly breathMs?: number;
  /** How long the agent has to be silent before a polite caller speaks. Default: half a second. */
  readonly politeMs?: number;
}

const FRAME_MS = 20;
const POLITE_MS = 500;
