import { ILB } from './g722-tables.ts';

/**
 * One band of ITU-T G.722: a predictor of two poles and six zeros, and the quantiser's step, both of which follow the
 * codes, so that coder and decoder agree on them without being told. Block 3 and 4 of the recommendation's clause
 * 6.2.1, whose 16-bit arithmetic decides the result to the last bit.
 */
export class G722Band {
  readonly #stepShift: number;
  readonly #maxLogStep: number;
  #logStep = 0;
  #step: number;
  #prediction = 0;
  /** The zeros' share of the prediction. */
  #zerosPrediction = 0;
  /** Coefficients of the poles, and the latest reconstructed samples. */
  #pole1 = 0;
  #pole2 = 0;
  #reconstructed1 = 0;
  #reconstructed2 = 0;
  /** Signs of the latest sums of difference and zeros' share: −1 or 0. */
  #sign1 = 0;
  #sign2 = 0;
  readonly #zeros = new Int32Array(6);
  readonly #differences = new Int32Array(6);

  constructor({ stepShift, maxLogStep, step }: G722BandOptions) {
    this.#stepShift = stepShift;
    this.#maxLogStep = maxLogStep;
    this.#step = step;
  }

  /** Of the next sample. */
  get prediction(): number {
    return this.#prediction;
  }

  /** The quantiser's, for the next sample. */
  get step(): number {
    return this.#step;
  }

  /**
   * Takes a sample's code: by how many 32,768ths of the step it differs from what was predicted, and how much it moves
   * the step's logarithm.
   */
  adapt(level: number, logStepChange: number): void {
    const difference = (this.#step * level) >> 15;
    this.#scaleStep(logStepChange);
    const reconstructed = clip16(this.#prediction + difference);
    this.#movePoles(difference);
    this.#moveZeros(difference);
    this.#reconstructed2 = this.#reconstructed1;
    this.#reconstructed1 = reconstructed;
    this.#predict();
  }

  #scaleStep(change: number): void {
    const logStep = ((this.#logStep * 127) >> 7) + change;
    this.#logStep = Math.max(0, Math.min(this.#maxLogStep, logStep));
    const mantissa = ILB[(this.#logStep >> 6) & 31] ?? 0;
    const shift = this.#stepShift - (this.#logStep >> 11);
    this.#step = (shift < 0 ? mantissa << -shift : mantissa >> shift) << 2;
  }

  #movePoles(difference: number): void {
    const sign = clip16(this.#zerosPrediction + difference) >> 15;
    const four = clip16(this.#pole1 * 4);
    const towards = Math.min(32_767, sign === this.#sign1 ? -four : four) >> 7;
    const pole2 = towards + (sign === this.#sign2 ? 128 : -128) + ((this.#pole2 * 32_512) >> 15);
    this.#pole2 = Math.max(-12_288, Math.min(12_288, pole2));
    const pole1 = clip16((sign === this.#sign1 ? 192 : -192) + ((this.#pole1 * 32_640) >> 15));
    const limit = 15_360 - this.#pole2;
    this.#pole1 = Math.max(-limit, Math.min(limit, pole1));
    this.#sign2 = this.#sign1;
    this.#sign1 = sign;
  }

  #moveZeros(difference: number): void {
    const differences = this.#differences;
    const zeros = this.#zeros;
    const gain = difference === 0 ? 0 : 128;
    const sign = difference >> 15;
    let sum = 0;
    for (let i = 5; i >= 0; i--) {
      const past = differences[i] ?? 0;
      const zero = clip16((past >> 15 === sign ? gain : -gain) + (((zeros[i] ?? 0) * 32_640) >> 15));
      zeros[i] = zero;
      const newer = i === 0 ? difference : (differences[i - 1] ?? 0);
      differences[i] = newer;
      sum += (zero * clip16(2 * newer)) >> 15;
    }
    this.#zerosPrediction = clip16(sum);
  }

  #predict(): void {
    const first = (this.#pole1 * clip16(2 * this.#reconstructed1)) >> 15;
    const second = (this.#pole2 * clip16(2 * this.#reconstructed2)) >> 15;
    this.#prediction = clip16(clip16(first + second) + this.#zerosPrediction);
  }
}

export interface G722BandOptions {
  readonly stepShift: number;
  readonly maxLogStep: number;
  /** At the start. */
  readonly step: number;
}

export const LOWER_BAND: G722BandOptions = { stepShift: 8, maxLogStep: 18_432, step: 32 };
export const HIGHER_BAND: G722BandOptions = { stepShift: 10, maxLogStep: 22_528, step: 8 };

/** To what 16 bits hold. */
export function clip16(value: number): number {
  return value > 32_767 ? 32_767 : value < -32_768 ? -32_768 : value;
}
