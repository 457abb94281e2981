/**
 * As much of WebAssembly's binary format as small kernels of arithmetic need, written as functions that return bytes:
 * so that a kernel is source like any other, and nothing has to be built. Names and codes are those of the
 * core specification, chapter 5; what a program makes with it is checked when it is compiled.
 */
export type Code = readonly number[];

export const I32 = 0x7f;
export const F32 = 0x7d;
export const V128 = 0x7b;

export function code(...parts: readonly (number | Code)[]): Code {
  return parts.flat();
}

export const get = (local: number): Code => [0x20, local];
export const set = (local: number): Code => [0x21, local];
export const call = (index: number): Code => [0x10, index];
export const i32 = (value: number): Code => code(0x41, signed(value));
export const I32_ADD = 0x6a;
export const I32_SUBTRACT = 0x6b;
export const I32_SHIFT_LEFT = 0x74;
export const I32_LESS_UNSIGNED = 0x49;

/** Does `body` again as long as it leaves a value other than 0. */
export function repeat(...body: readonly (number | Code)[]): Code {
  return code([0x03, 0x40], ...body, [0x0d, 0x00], 0x0b);
}

/** A local that points into memory goes on by so many bytes. */
export function advance(local: number, bytes: number): Code {
  return code(get(local), i32(bytes), I32_ADD, set(local));
}

const simd = (number: number): Code => code(0xfd, unsigned(number));
/** Of four bytes' alignment, that of a single float. */
const access = (number: number, offset: number): Code => code(simd(number), 2, unsigned(offset));

export const load = (offset = 0): Code => access(0x00, offset);
export const store = (offset = 0): Code => access(0x0b, offset);
export const storeLane32 = (lane: number): Code => code(access(0x5a, 0), lane);
export const storeLane64 = (lane: number): Code => code(access(0x5b, 0), lane);
/** One float of memory in all four lanes. */
export const loadSplat = (offset = 0): Code => access(0x09, offset);
export const SPLAT_F32 = simd(0x13);
export const F32X4_ADD = simd(0xe4);
export const F32X4_SUBTRACT = simd(0xe5);
export const F32X4_MULTIPLY = simd(0xe6);
export const F32X4_DIVIDE = simd(0xe7);
export const F32X4_MIN = simd(0xe8);
export const F32X4_MAX = simd(0xe9);
export const F32X4_SQUARE_ROOT = simd(0xe3);
export const F32X4_NEAREST = simd(0x6a);
/** a × b + c, in one rounding where the processor can, as all of the last decade. */
export const F32X4_MULTIPLY_ADD = simd(0x105);
export const I32X4_FROM_F32X4 = simd(0xf8);
export const I32X4_ADD = simd(0xae);
export const I32X4_SHIFT_LEFT = simd(0xab);
/** Clips to 16 bits. */
export const I16X8_FROM_I32X4 = simd(0x85);

export function floats(value: number): Code {
  const bytes = [...Buffer.from(Float32Array.of(value, value, value, value).buffer)];
  return code(simd(0x0c), bytes);
}

export function integers(value: number): Code {
  return code(simd(0x0c), [...Buffer.from(Int32Array.of(value, value, value, value).buffer)]);
}

/** Four lanes out of the eight of two vectors. */
export function lanes(...picked: readonly number[]): Code {
  return code(simd(0x0d), ...picked.map((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]));
}

/** Four vectors in locals → on the stack, one with the sum of each. `a` and `c` are lost. */
export function sumsOf([a, b, c, d]: readonly [number, number, number, number]): Code {
  const pairs = (one: number, other: number) =>
    code(
      get(one),
      get(other),
      lanes(0, 4, 1, 5),
      get(one),
      get(other),
      lanes(2, 6, 3, 7),
      F32X4_ADD,
      set(one),
    );
  return code(
    code(pairs(a, b), pairs(c, d)),
    code(get(a), get(c), lanes(0, 1, 4, 5), get(a), get(c), lanes(2, 3, 6, 7), F32X4_ADD),
  );
}

export interface WasmFunction {
  /** Absent: only for others of the module, by its index. */
  readonly exported?: string;
  readonly parameters: readonly number[];
  readonly results?: readonly number[];
  /** Their types; they are numbered after the parameters. */
  readonly locals: readonly number[];
  readonly body: Code;
}

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export const PAGE_BYTES = 65_536;

/**
 * Compiles and starts a module; what it exports are the functions and, as `memory`, a memory of at least so many bytes.
 */
export function startModule(functions: readonly WasmFunction[], memoryBytes: number): object {
  const types = functions.map(({ parameters, results = [] }) => code(0x60, list(parameters), list(results)));
  const bodies = functions.map(({ locals, body }) => {
    const content = code(unsigned(locals.length), ...locals.map((type) => [1, type]), code(body, 0x0b));
    return code(unsigned(content.length), content);
  });
  const exports = functions.flatMap(({ exported }, index) =>
    exported ? [code(name(exported), 0, index)] : [],
  );
  const bytes = code(
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, types),
    section(
      3,
      functions.map((_, index) => [index]),
    ),
    section(5, [code(0, unsigned(Math.ceil(memoryBytes / PAGE_BYTES)))]),
    section(7, [code(name('memory'), 2, 0), ...exports]),
    section(10, bodies),
  );
  return new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes))).exports;
}

/** What is used of the global that Node.js' types leave out. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Module: new (bytes: Uint8Array) => object;
    readonly Instance: new (module: object) => { readonly exports: object };
  };
};

function section(id: number, entries: readonly Code[]): Code {
  const content = code(unsigned(entries.length), ...entries);
  return code(id, unsigned(content.length), content);
}

function list(values: readonly number[]): Code {
  return code(unsigned(values.length), values);
}

function name(text: string): Code {
  return list([...Buffer.from(text)]);
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : code((value & 0x7f) | 0x80, unsigned(value >>> 7));
}

/** LEB128 with a sign. */
function signed(value: number): Code {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : code((value & 0x7f) | 0x80, signed(value >> 7));
}
