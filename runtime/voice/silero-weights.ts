/**
 * The weights in Silero's file, which is in ONNX's format (a protocol buffer: onnx.proto): the constants of the branch
 * for 8 kHz. Throws where the file holds another network than the one that is computed here.
 */
export function readWeights(file: Uint8Array): SileroWeights {
  const found = new Map<string, Tensor>();
  for (const graph of bytesIn(file, MODEL_GRAPH)) collect(graph, found);
  const weights = (name: string, ...dimensions: number[]) => {
    const tensor = found.get(BRANCH + name);
    if (!tensor || tensor.dimensions.join() !== dimensions.join()) {
      throw new Error(`the voice activity model has no ${name} of ${dimensions.join(' × ')}`);
    }
    return tensor.values;
  };
  return {
    basis: weights('stft.forward_basis_buffer', 130, 1, 128),
    encoder: ENCODER.map(([outs, ins], n) => ({
      weights: weights(`encoder.${n}.reparam_conv.weight`, outs, ins, 3),
      biases: weights(`encoder.${n}.reparam_conv.bias`, outs),
    })),
    inputs: weights('decoder.rnn.weight_ih', 512, 128),
    outputs: weights('decoder.rnn.weight_hh', 512, 128),
    inputBiases: weights('decoder.rnn.bias_ih', 512),
    outputBiases: weights('decoder.rnn.bias_hh', 512),
    decision: weights('decoder.decoder.2.weight', 1, 128, 1),
    decisionBias: weights('decoder.decoder.2.bias', 1)[0] ?? 0,
  };
}

export interface SileroWeights {
  /** Cosines, then sines, of 65 frequencies in a window of 128 samples. */
  readonly basis: Float32Array;
  /** Convolutions over three steps of time: [outs, ins, 3]. */
  readonly encoder: readonly { readonly weights: Float32Array; readonly biases: Float32Array }[];
  /** Of the LSTM: [4 × 128, 128], its gates in PyTorch's order: input, forget, cell, output. */
  readonly inputs: Float32Array;
  readonly outputs: Float32Array;
  readonly inputBiases: Float32Array;
  readonly outputBiases: Float32Array;
  readonly decision: Float32Array;
  readonly decisionBias: number;
}

/** Outs and ins of the convolutions. */
export const ENCODER = [
  [128, 65],
  [64, 128],
  [64, 64],
  [128, 64],
] as const;

const BRANCH = 'If_0_else_branch__Inline_0__';

interface Tensor {
  readonly dimensions: readonly number[];
  readonly values: Float32Array;
}

/** Numbers of fields in onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const NODE_OUTPUT = 2;
const NODE_ATTRIBUTE = 5;
const ATTRIBUTE_TENSOR = 5;
const ATTRIBUTE_GRAPH = 6;
const TENSOR_DIMENSIONS = 1;
const TENSOR_TYPE = 2;
const TENSOR_RAW = 9;
const TYPE_FLOAT = 1;

/** Every constant of floats in a graph and the graphs within it, by the name of its output. */
function collect(graph: Uint8Array, found: Map<string, Tensor>): void {
  for (const node of bytesIn(graph, GRAPH_NODE)) {
    const [output] = bytesIn(node, NODE_OUTPUT);
    for (const attribute of bytesIn(node, NODE_ATTRIBUTE)) {
      for (const inner of bytesIn(attribute, ATTRIBUTE_GRAPH)) collect(inner, found);
      for (const tensor of bytesIn(attribute, ATTRIBUTE_TENSOR)) {
        const values = floatsOf(tensor);
        if (output && values) found.set(Buffer.from(output).toString(), values);
      }
    }
  }
}

function floatsOf(tensor: Uint8Array): Tensor | undefined {
  const fields = fieldsOf(tensor);
  const raw = fields.find(({ number }) => number === TENSOR_RAW)?.value;
  const type = fields.find(({ number }) => number === TENSOR_TYPE)?.value;
  if (type !== TYPE_FLOAT || !(raw instanceof Uint8Array)) return undefined;
  const dimensions = fields.flatMap(({ number, value }) =>
    number === TENSOR_DIMENSIONS && typeof value === 'number' ? value : [],
  );
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const values = Float32Array.from({ length: raw.length >> 2 }, (_, i) => view.getFloat32(i * 4, true));
  return { dimensions, values };
}

function bytesIn(message: Uint8Array, field: number): Uint8Array[] {
  return fieldsOf(message).flatMap(({ number, value }) =>
    number === field && value instanceof Uint8Array ? [value] : [],
  );
}

interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/** A message of protocol buffers, one level deep; fixed-size values are passed over. */
function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const next = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at] ?? 0;
      at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = next();
    const number = tag >>> 3;
    const kind = tag & 7;
    if (kind === 0) fields.push({ number, value: next() });
    else if (kind === 1) at += 8;
    else if (kind === 5) at += 4;
    else if (kind === 2) {
      const length = next();
      fields.push({ number, value: message.subarray(at, at + length) });
      at += length;
    } else throw new Error('the voice activity model is no ONNX file');
  }
  return fields;
}
