import {
  advance,
  code,
  F32X4_MULTIPLY_ADD,
  F32X4_NEAREST,
  floats,
  get,
  I16X8_FROM_I32X4,
  I32,
  I32_ADD,
  I32_LESS_UNSIGNED,
  I32_SHIFT_LEFT,
  I32_SUBTRACT,
  I32X4_FROM_F32X4,
  i32,
  load,
  PAGE_BYTES,
  repeat,
  set,
  startModule,
  storeLane64,
  sumsOf,
  V128,
  type WasmFunction,
  type WasmMemory,
} from '#lib/wasm/wasm-code.ts';

/**
 * The inner loop of resampling in WebAssembly's SIMD: sums of products, four samples and four sums at a time. In
 * plain JavaScript it is what a speaking call spends most on. One memory serves all of the pod's filters, as
 * they run one after another.
 */
export class FIRKernel {
  readonly #memory: WasmMemory;
  readonly #run: Run;
  #usedBytes = COEFFICIENTS_AT;
  /** Where the samples go before `run`: a filter's history and its new input. */
  line: Float32Array;
  /** Where the outputs are after `run`. */
  output: Int16Array;

  constructor() {
    const { memory, run } = startModule([SUMS_OF_PRODUCTS], COEFFICIENTS_AT) as Exports;
    this.#memory = memory;
    this.#run = run;
    this.line = new Float32Array(this.#memory.buffer, 0, LINE_SAMPLES);
    this.output = new Int16Array(this.#memory.buffer, LINE_SAMPLES * 4, OUTPUT_SAMPLES);
  }

  /** Keeps a filter's coefficients for good; what it returns is for `run`. */
  keep(coefficients: Float64Array): Coefficients {
    // Zeros fill the last four: what they are multiplied with may be anything finite.
    const padded = new Float32Array(Math.ceil(coefficients.length / LANES) * LANES);
    padded.set(coefficients);
    const at = this.#usedBytes;
    this.#usedBytes += padded.byteLength;
    const missing = this.#usedBytes - this.#memory.buffer.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE_BYTES));
      this.line = new Float32Array(this.#memory.buffer, 0, LINE_SAMPLES);
      this.output = new Int16Array(this.#memory.buffer, LINE_SAMPLES * 4, OUTPUT_SAMPLES);
    }
    new Float32Array(this.#memory.buffer, at, padded.length).set(padded);
    return { at, size: padded.byteLength };
  }

  /**
   * Fills `output` with `count` sums, rounded and clipped: the coefficients times the samples of `line` from `from`,
   * `from + step` and so on. Up to three sums more are made of whatever comes next.
   */
  run({ at, size }: Coefficients, from: number, step: number, count: number): void {
    if (count > 0) this.#run(at, at + size, from * 4, step * 4, Math.ceil(count / LANES));
  }
}

export interface Coefficients {
  readonly at: number;
  readonly size: number;
}

/** The most that `line` holds. */
export const LINE_SAMPLES = 12_288;
/** The most sums of one run. */
export const OUTPUT_SAMPLES = 8_192;
const LANES = 4;
const COEFFICIENTS_AT = LINE_SAMPLES * 4 + OUTPUT_SAMPLES * 2;

interface Exports {
  readonly memory: WasmMemory;
  readonly run: Run;
}

type Run = (coefficients: number, end: number, line: number, stepBytes: number, groups: number) => void;

/** Parameters and locals, by their index. */
const [COEFFICIENTS, END, LINE, STEP, GROUPS, TAP, OUTPUT, VALUES] = [0, 1, 2, 3, 4, 5, 6, 11] as const;
const POINTERS = [7, 8, 9, 10] as const;
const SUMS = [12, 13, 14, 15] as const;

const SUMS_OF_PRODUCTS: WasmFunction = {
  exported: 'run',
  parameters: [I32, I32, I32, I32, I32],
  locals: [I32, I32, I32, I32, I32, I32, V128, V128, V128, V128, V128],
  body: code(
    code(i32(LINE_SAMPLES * 4), set(OUTPUT)),
    repeat(
      ...POINTERS.map((pointer, i) =>
        code(i === 0 ? get(LINE) : code(get(pointer - 1), get(STEP), I32_ADD), set(pointer)),
      ),
      ...SUMS.map((sum) => code(floats(0), set(sum))),
      code(get(COEFFICIENTS), set(TAP)),
      repeat(
        code(get(TAP), load(), set(VALUES)),
        ...SUMS.map((sum, i) =>
          code(get(VALUES), get(POINTERS[i] ?? 0), load(), get(sum), F32X4_MULTIPLY_ADD, set(sum)),
        ),
        ...POINTERS.map((pointer) => advance(pointer, 16)),
        advance(TAP, 16),
        code(get(TAP), get(END), I32_LESS_UNSIGNED),
      ),
      code(sumsOf(SUMS), F32X4_NEAREST, I32X4_FROM_F32X4, set(VALUES)),
      code(get(OUTPUT), get(VALUES), get(VALUES), I16X8_FROM_I32X4, storeLane64(0)),
      advance(OUTPUT, 8),
      code(get(LINE), get(STEP), i32(2), I32_SHIFT_LEFT, I32_ADD, set(LINE)),
      code(get(GROUPS), i32(1), I32_SUBTRACT, set(GROUPS), get(GROUPS)),
    ),
  ),
};
