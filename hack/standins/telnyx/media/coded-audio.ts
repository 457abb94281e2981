import { Resampler } from '#runtime/media/resampler.ts';
import { FRAME_MS } from './play-out.ts';
import { LINE_HZ } from './stereo-recording.ts';
import { frameSamples, type WireCodec } from './wire-codec.ts';

const LINE_SAMPLES = (LINE_HZ / 1_000) * FRAME_MS;

/** 20 ms of speech that was coded before: costs nothing to say, however many say it. */
export interface CodedFrame {
  /** 320 samples at 16 kHz. */
  readonly samples: Int16Array;
  /** The media payload in this codec, base64; undefined where each stream has to code it for itself. */
  payload(codec: WireCodec): string | undefined;
}

/** A piece of speech, coded once for each codec that it is asked for in. */
export class CodedAudio {
  readonly frames: readonly CodedFrame[];
  readonly #samples: Int16Array;
  readonly #payloads = new Map<WireCodec, readonly string[]>();

  /** Mono at this rate; a last piece shorter than 20 ms is filled up with silence. */
  constructor(audio: { readonly sampleRateHz: number; readonly samples: Int16Array }) {
    const line = new Resampler(audio.sampleRateHz, LINE_HZ).process(audio.samples);
    this.#samples = new Int16Array(Math.ceil(line.length / LINE_SAMPLES) * LINE_SAMPLES);
    this.#samples.set(line);
    this.frames = Array.from({ length: this.#samples.length / LINE_SAMPLES }, (_, index) => ({
      samples: this.#samples.subarray(index * LINE_SAMPLES, (index + 1) * LINE_SAMPLES),
      payload: (codec) => this.#payloadsIn(codec)?.[index],
    }));
  }

  #payloadsIn(codec: WireCodec): readonly string[] | undefined {
    const known = this.#payloads.get(codec);
    const { shared, encodedHz } = codec;
    if (known || !shared) return known;
    const size = frameSamples(encodedHz);
    const wire = new Resampler(LINE_HZ, encodedHz).process(this.#samples);
    const payloads = this.frames.map((_, index) => {
      const frame = new Int16Array(size);
      frame.set(wire.subarray(index * size, (index + 1) * size));
      return shared.encode(frame).toString('base64');
    });
    this.#payloads.set(codec, payloads);
    return payloads;
  }
}
