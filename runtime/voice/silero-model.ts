import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { BINS, CELLS, type SileroKernel, SPECTRUM_FLOATS, startSileroKernel } from './silero-kernel.ts';
import { ENCODER, readWeights, type SileroWeights } from './silero-weights.ts';

/**
 * Silero's voice activity model (version 6, 8 kHz), computed for several calls at once: a short-time Fourier transform,
 * four convolutions, an LSTM and a decision. onnxruntime, which it is usually run with, takes twice as long, ends the
 * process where a batch is empty, and reports to its maker; a test holds the two together.
 */
export class SileroModel {
  readonly #kernel: SileroKernel;
  readonly #weights: PlacedWeights;
  readonly #decision: Float32Array;
  readonly #decisionBias: number;
  readonly #places: Places;
  readonly #rows: readonly Row[];

  private constructor(weights: SileroWeights) {
    const layout = new Layout();
    this.#places = placesOf(layout);
    const placed = placedWeights(layout, weights);
    this.#kernel = startSileroKernel(layout.bytes);
    const floats = new Float32Array(this.#kernel.memory.buffer);
    for (const { at, values } of layout.contents) floats.set(values, at / 4);
    this.#rows = Array.from({ length: MAX_ROWS }, (_, row) => rowOf(floats, this.#places, row));
    this.#weights = placed;
    this.#decision = weights.decision;
    this.#decisionBias = weights.decisionBias;
  }

  static load(): SileroModel {
    const path = createRequire(import.meta.url).resolve('@ricky0123/vad-web/dist/silero_vad_v6.onnx');
    return new SileroModel(readWeights(readFileSync(path)));
  }

  /** Puts a call's frame, with the end of the one before it, and what was remembered of it into a row. */
  put(row: number, { context, outputs, states }: Memory, frame: Int16Array): void {
    const into = this.#row(row);
    const { input } = into;
    input.set(context);
    for (let i = 0; i < frame.length; i++) input[CONTEXT_SAMPLES + i] = (frame[i] ?? 0) / 32_768;
    const end = CONTEXT_SAMPLES + FRAME_SAMPLES;
    // The end is continued by its mirror image.
    for (let i = 0; i < PADDING; i++) input[end + i] = input[end - 2 - i] ?? 0;
    into.outputs.set(outputs);
    into.states.set(states);
  }

  /** Judges the first so many rows. */
  run(rows: number): void {
    if (rows < 1 || rows > MAX_ROWS) throw new RangeError(`a run has 1 to ${MAX_ROWS} rows, not ${rows}`);
    const groups = Math.ceil(rows / 4);
    this.#encode(groups);
    const { memory, gates, states } = this.#places;
    const { lstm } = this.#weights;
    const pitch = 2 * CELLS * 4;
    const { at, outs, biases, floor } = lstm;
    this.#kernel.layer(at, pitch, pitch, outs, memory, pitch, groups, gates, outs * 4, biases, floor);
    this.#kernel.cells(gates, states, memory + CELLS * 4, pitch, groups * 4);
  }

  /** After a run: the probability that a row's frame is speech. What is to be remembered goes into `memory`. */
  take(row: number, { context, outputs, states }: Memory): number {
    const from = this.#row(row);
    context.set(from.end);
    outputs.set(from.outputs);
    states.set(from.states);
    let sum = this.#decisionBias;
    for (let i = 0; i < CELLS; i++) sum += Math.max(0, outputs[i] ?? 0) * (this.#decision[i] ?? 0);
    return 1 / (1 + Math.exp(-sum));
  }

  #row(row: number): Row {
    const views = this.#rows[row];
    if (!views) throw new RangeError(`a run has ${MAX_ROWS} rows, not ${row + 1}`);
    return views;
  }

  /** Input → what the LSTM hears, in the first half of `memory`. Times beyond the frame's edges are zeros and left out. */
  #encode(groups: number): void {
    const { input, spectra, magnitudes, first, second, third, memory } = this.#places;
    const { basis, encoder } = this.#weights;
    const [one, two, three, four] = encoder;
    if (!one || !two || !three || !four) throw new Error('the encoder has four layers');
    const steps = (layer: PlacedLayer, ...[taken, from, count, x, xPitch, y, yPitch]: Steps) => {
      const { at, pitch, step, outs, biases, floor } = layer;
      const [weights, input] = [at + taken * step, x + from * step];
      this.#kernel.layer(weights, pitch, count * step, outs, input, xPitch, groups, y, yPitch, biases, floor);
    };
    const spectrum = SPECTRUM_FLOATS * 4;
    for (let t = 0; t < TIMES; t++) {
      steps(basis, 0, 0, 1, input + t * HOP * 4, INPUT_FLOATS * 4, spectra + t * spectrum, TIMES * spectrum);
    }
    this.#kernel.magnitudes(spectra, magnitudes, groups * 4 * TIMES);
    const pitches = [TIMES * BINS * 4, TIMES * 128 * 4, 2 * 64 * 4, 64 * 4, 2 * CELLS * 4] as const;
    for (let t = 0; t < TIMES; t++) {
      const from = Math.max(0, t - 1);
      const count = Math.min(TIMES, t + 2) - from;
      steps(one, from - (t - 1), from, count, magnitudes, pitches[0], first + t * 128 * 4, pitches[1]);
    }
    steps(two, 1, 0, 2, first, pitches[1], second, pitches[2]);
    steps(two, 0, 1, 3, first, pitches[1], second + 64 * 4, pitches[2]);
    steps(three, 1, 0, 2, second, pitches[2], third, pitches[3]);
    steps(four, 1, 0, 1, third, pitches[3], memory, pitches[4]);
  }
}

/** What the model remembers of one call. */
export class Memory {
  readonly context = new Float32Array(CONTEXT_SAMPLES);
  /** Of the LSTM. */
  readonly outputs = new Float32Array(CELLS);
  readonly states = new Float32Array(CELLS);
}

/** Where a row's floats are: views that are made once, as making them costs more than what is copied through them. */
interface Row {
  /** The end of the last frame, the frame, and room for its mirror image. */
  readonly input: Float32Array;
  /** The end of the frame. */
  readonly end: Float32Array;
  readonly outputs: Float32Array;
  readonly states: Float32Array;
}

function rowOf(floats: Float32Array, { input, memory, states }: Places, row: number): Row {
  const view = (at: number, length: number) => floats.subarray(at, at + length);
  const inputAt = input / 4 + row * INPUT_FLOATS;
  return {
    input: view(inputAt, INPUT_FLOATS),
    end: view(inputAt + FRAME_SAMPLES, CONTEXT_SAMPLES),
    outputs: view(memory / 4 + row * 2 * CELLS + CELLS, CELLS),
    states: view(states / 4 + row * CELLS, CELLS),
  };
}

/** Rows of one run, which blocks the event loop: at some 20 µs each. */
export const MAX_ROWS = 64;

/** The end of the last frame, which goes before each new one. */
const CONTEXT_SAMPLES = 32;
const FRAME_SAMPLES = 256;
const PADDING = 32;
const INPUT_FLOATS = CONTEXT_SAMPLES + FRAME_SAMPLES + PADDING;
/** The windows of the Fourier transform in a frame, and how far apart they are. */
const TIMES = 4;
const HOP = 64;

/** Steps of time of the weights that are left out, the first one of the input, how many; and where input and output are. */
type Steps = readonly [number, number, number, number, number, number, number];

interface PlacedLayer {
  readonly at: number;
  /** Bytes from the weights of one output to the next, and of one step of time within. */
  readonly pitch: number;
  readonly step: number;
  readonly outs: number;
  readonly biases: number;
  readonly floor: number;
}

interface PlacedWeights {
  readonly basis: PlacedLayer;
  readonly encoder: readonly PlacedLayer[];
  readonly lstm: PlacedLayer;
}

type Places = ReturnType<typeof placesOf>;

/** Hands out the memory. */
class Layout {
  bytes = 0;
  readonly contents: { readonly at: number; readonly values: Float32Array }[] = [];

  room(floats: number): number {
    const at = this.bytes;
    this.bytes += floats * 4;
    return at;
  }

  place(values: Float32Array): number {
    const at = this.room(values.length);
    this.contents.push({ at, values });
    return at;
  }
}

function placesOf(layout: Layout) {
  return {
    input: layout.room(MAX_ROWS * INPUT_FLOATS),
    spectra: layout.room(MAX_ROWS * TIMES * SPECTRUM_FLOATS),
    magnitudes: layout.room(MAX_ROWS * TIMES * BINS),
    first: layout.room(MAX_ROWS * TIMES * 128),
    second: layout.room(MAX_ROWS * 2 * 64),
    third: layout.room(MAX_ROWS * 64),
    /** What the LSTM hears and its outputs, side by side. */
    memory: layout.room(MAX_ROWS * 2 * CELLS),
    gates: layout.room(MAX_ROWS * 4 * CELLS),
    states: layout.room(MAX_ROWS * CELLS),
  };
}

function placedWeights(layout: Layout, weights: SileroWeights): PlacedWeights {
  const basis = new Float32Array(SPECTRUM_FLOATS * 128);
  const half = weights.basis.length / 2;
  basis.set(weights.basis.subarray(0, half));
  basis.set(weights.basis.subarray(half), BINS * 128);
  const lstm = new Float32Array(4 * CELLS * 2 * CELLS);
  for (let row = 0; row < 4 * CELLS; row++) {
    lstm.set(weights.inputs.subarray(row * CELLS, (row + 1) * CELLS), row * 2 * CELLS);
    lstm.set(weights.outputs.subarray(row * CELLS, (row + 1) * CELLS), (row * 2 + 1) * CELLS);
  }
  const layer = (values: Float32Array, biases: Float32Array, { step, pitch, floor }: Shape) => ({
    at: layout.place(values),
    pitch: pitch * 4,
    step: step * 4,
    outs: biases.length,
    biases: layout.place(biases),
    floor,
  });
  const linear = Number.NEGATIVE_INFINITY;
  return {
    basis: layer(basis, new Float32Array(SPECTRUM_FLOATS), { step: 128, pitch: 128, floor: linear }),
    encoder: weights.encoder.map((convolution, n) => {
      const [outs, ins] = ENCODER[n] ?? [0, 0];
      const step = n === 0 ? BINS : ins;
      const turned = byTime(convolution.weights, { outs, ins, step });
      return layer(turned, convolution.biases, { step, pitch: 3 * step, floor: 0 });
    }),
    lstm: layer(
      lstm,
      weights.inputBiases.map((bias, i) => bias + (weights.outputBiases[i] ?? 0)),
      { step: 2 * CELLS, pitch: 2 * CELLS, floor: linear },
    ),
  };
}

/** In floats. */
interface Shape {
  readonly step: number;
  readonly pitch: number;
  readonly floor: number;
}

/** [outs, ins, 3] → [outs, 3, step], as what is multiplied with it lies in memory; zeros where `ins` is less. */
function byTime(
  weights: Float32Array,
  { outs, ins, step }: { outs: number; ins: number; step: number },
): Float32Array {
  const turned = new Float32Array(outs * 3 * step);
  for (let out = 0; out < outs; out++) {
    for (let channel = 0; channel < ins; channel++) {
      for (let time = 0; time < 3; time++) {
        turned[(out * 3 + time) * step + channel] = weights[(out * ins + channel) * 3 + time] ?? 0;
      }
    }
  }
  return turned;
}
