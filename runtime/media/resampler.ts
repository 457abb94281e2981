import { type Coefficients, FIRKernel, LINE_SAMPLES, OUTPUT_SAMPLES } from './fir-kernel.ts';

/**
 * A stateful sample-rate converter for 16-bit mono: a Kaiser-windowed sinc in polyphase form. The
 * pass band reaches 85 % of the lower Nyquist frequency, from 100 % on everything is 70 dB down;
 * the delay is 2–6 ms. One instance serves one run of audio; the coefficients are shared by all.
 */
export class Resampler {
  readonly #bank: FilterBank;
  /** The last `taps - 1` samples of what came before. */
  readonly #history: Float32Array;
  /** Position of the next output, in 1/up of an input sample, from the start of the new input. */
  #phase = 0;

  constructor(fromHz: number, toHz: number) {
    this.#bank = filterBank(fromHz, toHz);
    this.#history = new Float32Array(this.#bank.taps - 1);
  }

  /** The output that the input so far determines; chunk borders leave no trace in it. */
  process(input: Int16Array): Int16Array {
    const { up, down } = this.#bank;
    if (up === down) return input;
    const output = new Int16Array(this.#outputsOf(input.length));
    for (let from = 0, at = 0; from < input.length; from += BLOCK_SAMPLES) {
      at += this.#block(input.subarray(from, from + BLOCK_SAMPLES), output.subarray(at));
    }
    return output;
  }

  /** The last output, which waits in the filter: call once, at the end of an utterance. */
  flush(): Int16Array {
    return this.process(new Int16Array(this.#bank.taps >> 1));
  }

  /** Returns how many outputs it made. */
  #block(input: Int16Array, output: Int16Array): number {
    const { up, down, taps, phases } = this.#bank;
    const { line } = kernel;
    line.set(this.#history);
    line.set(input, taps - 1);
    const count = this.#outputsOf(input.length);
    // Outputs `up` apart have the same coefficients, on samples `down` apart.
    for (let first = 0; first < Math.min(up, count); first++) {
      const position = this.#phase + first * down;
      const coefficients = phases[position % up];
      if (!coefficients) throw new RangeError('a filter bank has as many phases as it makes of a sample');
      const sums = Math.ceil((count - first) / up);
      kernel.run(coefficients, Math.floor(position / up), down, sums);
      if (up === 1) output.set(kernel.output.subarray(0, sums));
      else for (let i = 0; i < sums; i++) output[first + i * up] = kernel.output[i] ?? 0;
    }
    this.#phase += count * down - input.length * up;
    this.#history.set(line.subarray(input.length, input.length + taps - 1));
    return count;
  }

  #outputsOf(samples: number): number {
    const { up, down } = this.#bank;
    return Math.max(0, Math.ceil((samples * up - this.#phase) / down));
  }
}

const kernel = new FIRKernel();

/** Of input at a time: at most so many sums of a phase, and room for a filter's history beside it. */
const BLOCK_SAMPLES = OUTPUT_SAMPLES / 2;

interface FilterBank {
  readonly up: number;
  readonly down: number;
  /** Coefficients a phase, the one of the oldest sample first. */
  readonly taps: number;
  readonly phases: readonly Coefficients[];
}

const banks = new Map<string, FilterBank>();

/** Kept for the life of the process; the codecs and engines know only a handful of rates. */
function filterBank(fromHz: number, toHz: number): FilterBank {
  const key = `${fromHz}/${toHz}`;
  const known = banks.get(key);
  if (known) return known;
  const { phases, ...shape } = designBank(fromHz, toHz);
  // The kernel makes up to three sums more than it is asked for.
  if (shape.taps + BLOCK_SAMPLES + 4 * shape.down > LINE_SAMPLES) {
    throw new RangeError(`there is no filter from ${fromHz} to ${toHz} Hz`);
  }
  const bank = { ...shape, phases: phases.map((phase) => kernel.keep(phase)) };
  banks.set(key, bank);
  return bank;
}

const STOP_BAND_DB = 70;
/** Of a telephone's 4 kHz that is the 3.4 kHz to which it carries speech. */
const PASS_SHARE = 0.85;

/** Kaiser's formulas for window shape and length: Oppenheim and Schafer, section 7.6. */
function designBank(fromHz: number, toHz: number) {
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const up = toHz / divisor;
  const down = fromHz / divisor;
  if (up === down) return { up, down, taps: 1, phases: [] as Float64Array[] };
  const nyquist = 0.5 / Math.max(up, down);
  const beta = 0.1102 * (STOP_BAND_DB - 8.7);
  const width = 2 * Math.PI * nyquist * (1 - PASS_SHARE);
  const taps = Math.ceil((STOP_BAND_DB - 8) / (2.285 * width) / up) + 1;
  const length = taps * up;
  const cutoff = (nyquist * (1 + PASS_SHARE)) / 2;
  const phases = Array.from({ length: up }, () => new Float64Array(taps));
  for (let i = 0; i < length; i++) {
    const x = i - (length - 1) / 2;
    const ratio = (2 * x) / (length - 1);
    const window = besselI0(beta * Math.sqrt(Math.max(0, 1 - ratio * ratio))) / besselI0(beta);
    const phase = phases[i % up];
    if (phase) phase[taps - 1 - Math.floor(i / up)] = up * 2 * cutoff * sinc(2 * cutoff * x) * window;
  }
  return { up, down, taps, phases };
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The modified Bessel function of order 0, by its power series. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 50; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
