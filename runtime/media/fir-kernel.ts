/**
 * The inner loop of resampling in WebAssembly's SIMD: sums of products, four samples and four sums at a time. In
 * plain JavaScript it is what a speaking call spends most on. One memory serves all of the pod's filters, as
 * they run one after another; the module is written out here, so that nothing has to be built.
 */
export class FIRKernel {
  readonly #memory: WebAssemblyMemory;
  readonly #run: Run;
  #usedBytes = COEFFICIENTS_AT;
  /** Where the samples go before `run`: a filter's history and its new input. */
  line: Float32Array;
  /** Where the outputs are after `run`. */
  output: Int16Array;

  constructor() {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes()));
    this.#memory = exports.memory;
    this.#run = exports.run;
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
const PAGE_BYTES = 65_536;
const COEFFICIENTS_AT = LINE_SAMPLES * 4 + OUTPUT_SAMPLES * 2;

type Run = (coefficients: number, end: number, line: number, stepBytes: number, groups: number) => void;

interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** What is used of the global that Node.js' types leave out. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (
      module: object,
    ) => { readonly exports: { readonly memory: WebAssemblyMemory; readonly run: Run } };
  };
};

/** Parameters and locals of the function, by their index. */
const [COEFFICIENTS, END, LINE, STEP, GROUPS, TAP, OUTPUT, VALUES] = [0, 1, 2, 3, 4, 5, 6, 11] as const;
const POINTERS = [7, 8, 9, 10] as const;
const SUMS = [12, 13, 14, 15] as const;

const I32 = 0x7f;
const V128 = 0x7b;

type Code = readonly number[];

const bytes = (...parts: readonly (number | Code)[]): Code => parts.flat();
const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const constant = (value: number) => bytes(0x41, signed(value));
const ADD = 0x6a;
const SUBTRACT = 0x6b;
const SHIFT_LEFT = 0x74;
const LESS_UNSIGNED = 0x49;
const LOOP = [0x03, 0x40];
const REPEAT_IF = [0x0d, 0x00];
const END_BLOCK = 0x0b;
const simd = (code: number) => bytes(0xfd, unsigned(code));
/** Nothing here is aligned by more than the four bytes of a sample. */
const LOAD = bytes(simd(0x00), 2, 0);
const STORE_LOW_HALF = bytes(simd(0x5b), 2, 0, 0);
const ZEROS = bytes(
  simd(0x0c),
  Array.from({ length: 16 }, () => 0),
);
const F32X4_ADD = simd(0xe4);
/** In one rounding where the processor can, as all of the last decade. */
const F32X4_MULTIPLY_ADD = simd(0x105);
const ROUND = simd(0x6a);
const TO_I32X4 = simd(0xf8);
const CLIP_TO_I16X8 = simd(0x85);
/** Four lanes out of the eight of two vectors. */
const lanes = (...picked: number[]) =>
  bytes(simd(0x0d), ...picked.map((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]));

const advance = (local: number, by: number) => bytes(get(local), constant(by), ADD, set(local));

function code(): Code {
  const [a, b, c, d] = SUMS;
  return bytes(
    bytes(constant(LINE_SAMPLES * 4), set(OUTPUT)),
    LOOP,
    ...POINTERS.map((pointer, i) =>
      bytes(i === 0 ? get(LINE) : bytes(get(pointer - 1), get(STEP), ADD), set(pointer)),
    ),
    ...SUMS.map((sum) => bytes(ZEROS, set(sum))),
    bytes(get(COEFFICIENTS), set(TAP)),
    LOOP,
    bytes(get(TAP), LOAD, set(VALUES)),
    ...SUMS.map((sum, i) =>
      bytes(get(VALUES), get(POINTERS[i] ?? 0), LOAD, get(sum), F32X4_MULTIPLY_ADD, set(sum)),
    ),
    ...POINTERS.map((pointer) => advance(pointer, 16)),
    advance(TAP, 16),
    bytes(get(TAP), get(END), LESS_UNSIGNED, REPEAT_IF, END_BLOCK),
    // Each sum is in four parts: two by two they are turned, so that one addition ends all four.
    get(OUTPUT),
    bytes(pairSums(a, b), set(a), pairSums(c, d), set(c)),
    bytes(get(a), get(c), lanes(0, 1, 4, 5), get(a), get(c), lanes(2, 3, 6, 7), F32X4_ADD),
    bytes(ROUND, TO_I32X4, set(a), get(a), get(a), CLIP_TO_I16X8, STORE_LOW_HALF),
    advance(OUTPUT, 8),
    bytes(get(LINE), get(STEP), constant(2), SHIFT_LEFT, ADD, set(LINE)),
    bytes(get(GROUPS), constant(1), SUBTRACT, set(GROUPS)),
    bytes(get(GROUPS), REPEAT_IF, END_BLOCK),
    END_BLOCK,
  );
}

function pairSums(a: number, b: number): Code {
  return bytes(get(a), get(b), lanes(0, 4, 1, 5), get(a), get(b), lanes(2, 6, 3, 7), F32X4_ADD);
}

/** A module that exports its memory and the function; the format is of WebAssembly's core specification, chapter 5. */
function moduleBytes(): Uint8Array {
  const pages = Math.ceil(COEFFICIENTS_AT / PAGE_BYTES);
  const locals = [3, 6, I32, 1, V128, 4, V128];
  const body = bytes(locals, code());
  return Uint8Array.from(
    bytes(
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, [1, 0x60, 5, I32, I32, I32, I32, I32, 0]),
      section(3, [1, 0]),
      section(5, [1, 0, pages]),
      section(7, bytes(2, name('memory'), 2, 0, name('run'), 0, 0)),
      section(10, bytes(1, unsigned(body.length), body)),
    ),
  );
}

function section(id: number, content: Code): Code {
  return bytes(id, unsigned(content.length), content);
}

function name(text: string): Code {
  return bytes(text.length, [...Buffer.from(text)]);
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : bytes((value & 0x7f) | 0x80, unsigned(value >>> 7));
}

/** LEB128, of what is not negative. */
function signed(value: number): Code {
  return value < 0x40 ? [value] : bytes((value & 0x7f) | 0x80, signed(value >>> 7));
}
