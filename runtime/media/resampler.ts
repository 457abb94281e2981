/**
 * A stateful sample-rate converter for 16-bit mono: a Kaiser-windowed sinc in polyphase form. The
 * pass band reaches 85 % of the lower Nyquist frequency, from 100 % on everything is 70 dB down;
 * the delay is 2–6 ms. One instance serves one run of audio; the coefficients are shared by all.
 */
export class Resampler {
  readonly #bank: FilterBank;
  /** The last `taps - 1` samples of what came before, followed by the new ones. */
  #history: Float64Array;
  /** Position of the next output, in 1/up of an input sample, from the start of the new input. */
  #phase = 0;

  constructor(fromHz: number, toHz: number) {
    this.#bank = filterBank(fromHz, toHz);
    this.#history = new Float64Array(this.#bank.taps - 1);
  }

  /** The output that the input so far determines; chunk borders leave no trace in it. */
  process(input: Int16Array): Int16Array {
    const { up, down, taps, phases } = this.#bank;
    if (up === down) return input;
    const kept = taps - 1;
    const line = new Float64Array(kept + input.length);
    line.set(this.#history);
    line.set(input, kept);
    const end = input.length * up;
    const output = new Int16Array(Math.max(0, Math.ceil((end - this.#phase) / down)));
    // Outputs `up` apart have the same coefficients, on samples `down` apart.
    const groups = Math.floor(output.length / (AT_ONCE * up)) * up;
    for (let group = 0; group < groups; group++) {
      const n = Math.floor(group / up) * AT_ONCE * up + (group % up);
      const position = this.#phase + n * down;
      sumFour(phases[position % up] ?? EMPTY, line, Math.floor(position / up), down);
      for (let i = 0; i < AT_ONCE; i++) output[n + i * up] = clipped(SUMS[i] ?? 0);
    }
    for (let n = groups * AT_ONCE; n < output.length; n++) {
      const position = this.#phase + n * down;
      sumFour(phases[position % up] ?? EMPTY, line, Math.floor(position / up), 0);
      output[n] = clipped(SUMS[0] ?? 0);
    }
    this.#phase += output.length * down - end;
    this.#history = line.slice(line.length - kept);
    return output;
  }

  /** The last output, which waits in the filter: call once, at the end of an utterance. */
  flush(): Int16Array {
    return this.process(new Int16Array(this.#bank.taps >> 1));
  }
}

/**
 * Four outputs at once, into SUMS: the coefficients times the samples from `at`, `at + step` and so on. Most of
 * what a speaking call costs is spent here, and four sums that share their coefficients take half the time
 * of one after another. The casts hold as `line` reaches that far.
 */
function sumFour(coefficients: Float64Array, line: Float64Array, at: number, step: number): void {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let k = 0, from = at; k < coefficients.length; k++, from++) {
    const coefficient = coefficients[k] as number;
    a += coefficient * (line[from] as number);
    b += coefficient * (line[from + step] as number);
    c += coefficient * (line[from + 2 * step] as number);
    d += coefficient * (line[from + 3 * step] as number);
  }
  SUMS[0] = a;
  SUMS[1] = b;
  SUMS[2] = c;
  SUMS[3] = d;
}

const AT_ONCE = 4;
const SUMS = new Float64Array(AT_ONCE);

function clipped(sum: number): number {
  return Math.max(-32_768, Math.min(32_767, Math.round(sum)));
}

interface FilterBank {
  readonly up: number;
  readonly down: number;
  /** Coefficients a phase, the one of the oldest sample first. */
  readonly taps: number;
  readonly phases: readonly Float64Array[];
}

const EMPTY = new Float64Array(0);
const banks = new Map<string, FilterBank>();

/** Kept for the life of the process; the codecs and engines know only a handful of rates. */
function filterBank(fromHz: number, toHz: number): FilterBank {
  const key = `${fromHz}/${toHz}`;
  const known = banks.get(key);
  if (known) return known;
  const bank = designBank(fromHz, toHz);
  banks.set(key, bank);
  return bank;
}

const STOP_BAND_DB = 70;
/** Of a telephone's 4 kHz that is the 3.4 kHz to which it carries speech. */
const PASS_SHARE = 0.85;

/** Kaiser's formulas for window shape and length: Oppenheim and Schafer, section 7.6. */
function designBank(fromHz: number, toHz: number): FilterBank {
  const divisor = greatestCommonDivisor(fromHz, toHz);
  const up = toHz / divisor;
  const down = fromHz / divisor;
  if (up === down) return { up, down, taps: 1, phases: [] };
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
