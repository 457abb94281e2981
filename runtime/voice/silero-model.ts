import { createRequire } from 'node:module';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/**
 * Silero's voice activity model at 8 kHz, run on one row a call. A run blocks the event loop; the thread of the
 * loop is the only one that it uses.
 */
export class SileroModel {
  readonly #session: InferenceSession;
  readonly #rate = new Tensor('int64', BigInt64Array.of(8_000n), []);

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  static async load(): Promise<SileroModel> {
    // From 1.29 on the library tells its maker of the process and the model, over the network and from threads of
    // its own, unless this is set when the first session is made.
    // oxlint-disable-next-line node/no-process-env -- this is how the library takes it.
    process.env.ORT_DISABLE_TELEMETRY = '1';
    const path = createRequire(import.meta.url).resolve('@ricky0123/vad-web/dist/silero_vad_v6.onnx');
    const session = await InferenceSession.create(path, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
    });
    return new SileroModel(session);
  }

  /** Judges `rows` rows: input is [rows, ROW_SAMPLES], state and its successor are [2, rows, STATE_SIZE]. */
  async run(rows: number, input: Float32Array, state: Float32Array): Promise<Judged> {
    // onnxruntime ends the process where there are none.
    if (rows < 1) throw new RangeError('a run of the model has at least one row');
    const { output, stateN } = await this.#session.run({
      input: new Tensor('float32', input, [rows, ROW_SAMPLES]),
      state: new Tensor('float32', state, [2, rows, STATE_SIZE]),
      sr: this.#rate,
    });
    return { probabilities: floatsOf(output), state: floatsOf(stateN) };
  }

  /** Frees its memory; no run may come after it. */
  release(): Promise<void> {
    return this.#session.release();
  }
}

export interface Judged {
  readonly probabilities: Float32Array;
  readonly state: Float32Array;
}

/** The end of the last frame, which goes before each new one. */
export const CONTEXT_SAMPLES = 32;
export const ROW_SAMPLES = CONTEXT_SAMPLES + 256;
export const STATE_SIZE = 128;

function floatsOf(tensor: { readonly data: unknown } | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new TypeError('the voice activity model answered no floats');
}
