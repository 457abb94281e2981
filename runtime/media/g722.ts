import { clip16, G722Band, HIGHER_BAND, LOWER_BAND } from './g722-band.ts';
import { NEGATIVE_CODES, POSITIVE_CODES, Q2, Q6, QM2, QM4, QM6, QMF, W2, W4 } from './g722-tables.ts';

/**
 * ITU-T G.722 at 64 kbit/s: 16 kHz speech as two bands of 8 kHz, six bits a sample of the lower and two of the higher
 * one. Both directions keep a state, so each stream has its own; their clock on the wire is that of the codes, 8 kHz.
 */
export class G722Decoder {
  readonly #lower = new G722Band(LOWER_BAND);
  readonly #higher = new G722Band(HIGHER_BAND);
  readonly #filter = new Delays();

  /** Two samples a byte, into `samples`. */
  decode(codes: Uint8Array, samples: Int16Array): void {
    const { sums, differences } = this.#filter.roomFor(codes.length);
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i] ?? 0;
      const low = this.#decodeLower(code & 63);
      const high = this.#decodeHigher(code >> 6);
      sums[HISTORY + i] = low + high;
      differences[HISTORY + i] = low - high;
    }
    for (let i = 0; i < codes.length; i++) {
      samples[2 * i] = clip16(backwards(differences, i) >> 11);
      samples[2 * i + 1] = clip16(forwards(sums, i) >> 11);
    }
    this.#filter.keepLast(codes.length);
  }

  #decodeLower(code: number): number {
    const band = this.#lower;
    const sample = clip15(band.prediction + ((band.step * (QM6[code] ?? 0)) >> 15));
    band.adapt(QM4[code >> 2] ?? 0, W4[code >> 2] ?? 0);
    return sample;
  }

  #decodeHigher(code: number): number {
    const band = this.#higher;
    const sample = clip15(band.prediction + ((band.step * (QM2[code] ?? 0)) >> 15));
    band.adapt(QM2[code] ?? 0, W2[code] ?? 0);
    return sample;
  }
}

export class G722Encoder {
  readonly #lower = new G722Band(LOWER_BAND);
  readonly #higher = new G722Band(HIGHER_BAND);
  readonly #filter = new Delays();

  /** A byte of each two samples: of an even number of them. */
  encode(samples: Int16Array, codes: Uint8Array): void {
    const count = samples.length >> 1;
    const { sums: odd, differences: even } = this.#filter.roomFor(count);
    for (let i = 0; i < count; i++) {
      even[HISTORY + i] = samples[2 * i] ?? 0;
      odd[HISTORY + i] = samples[2 * i + 1] ?? 0;
    }
    for (let i = 0; i < count; i++) {
      const first = forwards(even, i);
      const second = backwards(odd, i);
      codes[i] =
        this.#encodeLower((second + first) >> 14) | (this.#encodeHigher((second - first) >> 14) << 6);
    }
    this.#filter.keepLast(count);
  }

  #encodeLower(sample: number): number {
    const band = this.#lower;
    const error = clip16(sample - band.prediction);
    const code = (error < 0 ? NEGATIVE_CODES : POSITIVE_CODES)[levelOf(magnitudeOf(error), band.step)] ?? 0;
    band.adapt(QM4[code >> 2] ?? 0, W4[code >> 2] ?? 0);
    return code;
  }

  #encodeHigher(sample: number): number {
    const band = this.#higher;
    const error = clip16(sample - band.prediction);
    const isOuter = magnitudeOf(error) >= (Q2 * band.step) >> 12;
    const code = (error < 0 ? 0 : 2) + (isOuter ? 0 : 1);
    band.adapt(QM2[code] ?? 0, W2[code] ?? 0);
    return code;
  }
}

/** The quadrature mirror filter's two delay lines: what it still needs of the past, and room for a payload behind it. */
class Delays {
  sums = new Int32Array(HISTORY + TYPICAL_CODES);
  differences = new Int32Array(HISTORY + TYPICAL_CODES);

  roomFor(count: number): this {
    if (HISTORY + count > this.sums.length) {
      this.sums = longer(this.sums, HISTORY + count);
      this.differences = longer(this.differences, HISTORY + count);
    }
    return this;
  }

  keepLast(count: number): void {
    this.sums.copyWithin(0, count, count + HISTORY);
    this.differences.copyWithin(0, count, count + HISTORY);
  }
}

/** What the filter needs of each line besides its newest value. */
const HISTORY = QMF.length - 1;
/** 20 ms. */
const TYPICAL_CODES = 160;

function longer(values: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const more = new Int32Array(length);
  more.set(values);
  return more;
}

function forwards(line: Int32Array, from: number): number {
  let sum = 0;
  for (let tap = 0; tap < QMF.length; tap++) sum += (line[from + tap] ?? 0) * (QMF[tap] ?? 0);
  return sum;
}

function backwards(line: Int32Array, from: number): number {
  let sum = 0;
  for (let tap = 0; tap < QMF.length; tap++) sum += (line[from + tap] ?? 0) * (QMF[HISTORY - tap] ?? 0);
  return sum;
}

/** How many decision levels lie at or below the magnitude, less the first: by halves, as there are 29 of them. */
function levelOf(magnitude: number, step: number): number {
  let [low, high] = [0, Q6.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (magnitude < ((Q6[middle] ?? 0) * step) >> 12) high = middle;
    else low = middle;
  }
  return low;
}

function magnitudeOf(error: number): number {
  return error < 0 ? -(error + 1) : error;
}

/** A band's samples have 15 bits. */
function clip15(value: number): number {
  return value > 16_383 ? 16_383 : value < -16_384 ? -16_384 : value;
}
