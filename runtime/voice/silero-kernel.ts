import {
  advance,
  call,
  code,
  F32,
  F32X4_ADD,
  F32X4_DIVIDE,
  F32X4_MAX,
  F32X4_MIN,
  F32X4_MULTIPLY,
  F32X4_MULTIPLY_ADD,
  F32X4_NEAREST,
  F32X4_SQUARE_ROOT,
  F32X4_SUBTRACT,
  floats,
  get,
  I32,
  I32_ADD,
  I32_LESS_UNSIGNED,
  I32_SHIFT_LEFT,
  I32_SUBTRACT,
  I32X4_ADD,
  I32X4_FROM_F32X4,
  I32X4_SHIFT_LEFT,
  i32,
  integers,
  load,
  loadSplat,
  repeat,
  SPLAT_F32,
  set,
  startModule,
  store,
  storeLane32,
  sumsOf,
  V128,
  type WasmFunction,
  type WasmMemory,
} from '#lib/wasm/wasm-code.ts';

/** The arithmetic of the voice activity model, in WebAssembly's SIMD. Addresses and strides are in bytes. */
export interface SileroKernel {
  readonly memory: WasmMemory;
  /**
   * A layer of a network: for each of `outs` rows of weights, `pitch` apart, and each of `groups` × 4 vectors, `xPitch`
   * apart, the sum of the products of `length` bytes of both, plus the row's bias, at least `floor`. The result of
   * row o for vector n goes to y + n × yPitch + o × 4. `outs` is even, `length` a multiple of 32.
   */
  layer(...place: LayerPlace): void;
  /** Of `count` spectra at `from`, real parts before imaginary ones, SPECTRUM_FLOATS each: the magnitudes, to `to`. */
  magnitudes(from: number, to: number, count: number): void;
  /** One step of `count` LSTM cells of 128: gates in PyTorch's order, the cells' states, their outputs `pitch` apart. */
  cells(gates: number, states: number, outputs: number, pitch: number, count: number): void;
}

export type LayerPlace = readonly [
  weights: number,
  pitch: number,
  length: number,
  outs: number,
  x: number,
  xPitch: number,
  groups: number,
  y: number,
  yPitch: number,
  biases: number,
  floor: number,
];

/** 65 frequencies, and zeros up to a multiple of eight. */
export const BINS = 72;
export const SPECTRUM_FLOATS = 2 * BINS;
export const CELLS = 128;

export function startSileroKernel(memoryBytes: number): SileroKernel {
  return startModule([SIGMOID, layer(), magnitudes(), cells()], memoryBytes) as SileroKernel;
}

/**
 * 1 / (1 + e^−x) of four values. e^−x is 2^n × 2^f with n whole and f of −½ to ½: n goes into the exponent's bits,
 * and 2^f is its Taylor series, which ends below the precision of a float.
 */
const SIGMOID: WasmFunction = {
  parameters: [V128],
  results: [V128],
  locals: [V128, V128],
  body: code(
    code(get(0), floats(-40), F32X4_MAX, floats(40), F32X4_MIN, floats(-Math.LOG2E), F32X4_MULTIPLY, set(0)),
    code(get(0), F32X4_NEAREST, set(1), get(0), get(1), F32X4_SUBTRACT, set(0)),
    code(floats(taylor(6)), set(2)),
    ...[5, 4, 3, 2, 1, 0].map((power) =>
      code(get(2), get(0), floats(taylor(power)), F32X4_MULTIPLY_ADD, set(2)),
    ),
    code(get(1), I32X4_FROM_F32X4, integers(127), I32X4_ADD, i32(23), I32X4_SHIFT_LEFT, set(1)),
    code(floats(1), get(2), get(1), floats(1), F32X4_MULTIPLY_ADD, F32X4_DIVIDE),
  ),
};

/** The coefficient of f^power in 2^f. */
function taylor(power: number): number {
  return power === 0 ? 1 : (taylor(power - 1) * Math.LN2) / power;
}

const sigmoid = call(0);
const tanh = code(floats(2), F32X4_MULTIPLY, sigmoid, floats(2), F32X4_MULTIPLY, floats(1), F32X4_SUBTRACT);

function layer(): WasmFunction {
  const [weights, pitch, length, outs, x, xPitch, groups, y, yPitch, biases, floor] = indices(0, 11);
  const [group, end, w0, w1, x0, x1, x2, x3, out, to] = indices(11, 10);
  const [value0, value1, a0, a1, a2, a3, b0, b1, b2, b3] = indices(21, 10);
  const vectors = [x0, x1, x2, x3];
  const first = [a0, a1, a2, a3] as const;
  const second = [b0, b1, b2, b3] as const;
  const products = (offset: number) =>
    code(
      code(get(w0), load(offset), set(value0), get(w1), load(offset), set(value1)),
      ...vectors.map((vector, n) =>
        code(
          code(
            get(vector),
            load(offset),
            get(value0),
            get(first[n] ?? 0),
            F32X4_MULTIPLY_ADD,
            set(first[n] ?? 0),
          ),
          code(
            get(vector),
            load(offset),
            get(value1),
            get(second[n] ?? 0),
            F32X4_MULTIPLY_ADD,
            set(second[n] ?? 0),
          ),
        ),
      ),
    );
  const finish = (sums: readonly [number, number, number, number], offset: number) =>
    code(
      code(
        sumsOf(sums),
        get(biases),
        loadSplat(offset),
        F32X4_ADD,
        get(floor),
        SPLAT_F32,
        F32X4_MAX,
        set(sums[0]),
      ),
      code(get(out), i32(offset), I32_ADD, set(to)),
      ...[0, 1, 2, 3].map((lane) =>
        code(get(to), get(sums[0]), storeLane32(lane), get(to), get(yPitch), I32_ADD, set(to)),
      ),
    );
  return {
    exported: 'layer',
    parameters: [I32, I32, I32, I32, I32, I32, I32, I32, I32, I32, F32],
    locals: [...types(10, I32), ...types(10, V128)],
    body: repeat(
      code(get(groups), set(group), get(x), set(x0), get(y), set(out)),
      repeat(
        code(
          get(weights),
          set(w0),
          get(w0),
          get(pitch),
          I32_ADD,
          set(w1),
          get(w0),
          get(length),
          I32_ADD,
          set(end),
        ),
        ...[x1, x2, x3].map((vector) => code(get(vector - 1), get(xPitch), I32_ADD, set(vector))),
        ...[...first, ...second].map((sum) => code(floats(0), set(sum))),
        repeat(
          code(products(0), products(16)),
          ...[w0, w1, ...vectors].map((pointer) => advance(pointer, 32)),
          code(get(w0), get(end), I32_LESS_UNSIGNED),
        ),
        code(finish(first, 0), finish(second, 4)),
        code(get(x0), get(length), I32_SUBTRACT, get(xPitch), i32(2), I32_SHIFT_LEFT, I32_ADD, set(x0)),
        code(get(out), get(yPitch), i32(2), I32_SHIFT_LEFT, I32_ADD, set(out)),
        code(get(group), i32(1), I32_SUBTRACT, set(group), get(group)),
      ),
      code(get(weights), get(pitch), i32(1), I32_SHIFT_LEFT, I32_ADD, set(weights)),
      code(advance(y, 8), advance(biases, 8)),
      code(get(outs), i32(2), I32_SUBTRACT, set(outs), get(outs)),
    ),
  };
}

function magnitudes(): WasmFunction {
  const [from, to, count, real, imaginary] = indices(0, 5);
  return {
    exported: 'magnitudes',
    parameters: [I32, I32, I32],
    locals: [V128, V128],
    body: repeat(
      ...Array.from({ length: BINS / 4 }, (_, n) =>
        code(
          code(get(from), load(n * 16), set(real), get(from), load((BINS + n * 4) * 4), set(imaginary)),
          code(get(to), get(real), get(real), get(imaginary), get(imaginary), F32X4_MULTIPLY),
          code(F32X4_MULTIPLY_ADD, F32X4_SQUARE_ROOT, store(n * 16)),
        ),
      ),
      code(advance(from, SPECTRUM_FLOATS * 4), advance(to, BINS * 4)),
      code(get(count), i32(1), I32_SUBTRACT, set(count), get(count)),
    ),
  };
}

function cells(): WasmFunction {
  const [gates, states, outputs, pitch, count, left, state] = indices(0, 7);
  const gate = (number: number) => code(get(gates), load(number * CELLS * 4));
  return {
    exported: 'cells',
    parameters: [I32, I32, I32, I32, I32],
    locals: [I32, V128],
    body: repeat(
      code(i32(CELLS / 4), set(left)),
      repeat(
        code(gate(0), sigmoid, gate(2), tanh, gate(1), sigmoid, get(states), load(), F32X4_MULTIPLY),
        code(F32X4_MULTIPLY_ADD, set(state), get(states), get(state), store()),
        code(get(outputs), gate(3), sigmoid, get(state), tanh, F32X4_MULTIPLY, store()),
        ...[gates, states, outputs].map((pointer) => advance(pointer, 16)),
        code(get(left), i32(1), I32_SUBTRACT, set(left), get(left)),
      ),
      code(advance(gates, 3 * CELLS * 4), get(outputs), get(pitch), I32_ADD, i32(CELLS * 4), I32_SUBTRACT),
      code(set(outputs), get(count), i32(1), I32_SUBTRACT, set(count), get(count)),
    ),
  };
}

/** So many indices of locals from `first` on. */
function indices<const Count extends number>(first: number, count: Count): Indices<Count> {
  return Array.from({ length: count }, (_, n) => first + n) as unknown as Indices<Count>;
}

type Indices<Count extends number, Found extends number[] = []> = Found['length'] extends Count
  ? Found
  : Indices<Count, [...Found, number]>;

function types(count: number, type: number): number[] {
  return Array.from({ length: count }, () => type);
}
