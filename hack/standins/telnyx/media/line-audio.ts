import { Resampler } from '#runtime/media/resampler.ts';
import { LINE_HZ } from './stereo-recording.ts';
import { frameSamples } from './wire-codec.ts';

/** What plays from a stream, 20 ms at a time, as 16 kHz for the ear. */
export class LineAudio {
  readonly #sampleRateHz: number;
  readonly #resampler: Resampler;
  #tail = false;

  constructor(sampleRateHz: number) {
    this.#sampleRateHz = sampleRateHz;
    this.#resampler = new Resampler(sampleRateHz, LINE_HZ);
  }

  /** Undefined for silence. */
  heard(frame: Int16Array | undefined): Int16Array | undefined {
    if (frame) {
      this.#tail = true;
      return this.#resampler.process(frame);
    }
    if (!this.#tail) return undefined;
    // What waits in the filter is the last of the words before.
    this.#tail = false;
    return this.#resampler.process(new Int16Array(frameSamples(this.#sampleRateHz)));
  }
}
