import { Resampler } from '#runtime/media/resampler.ts';
import type { CodedFrame } from './coded-audio.ts';
import { LINE_HZ } from './stereo-recording.ts';
import { frameSamples, type WireCodec } from './wire-codec.ts';

/** Frames that the resampler's memory reaches over. */
const FILTER_FRAMES = 3;
const LINE_SILENCE = new Int16Array(frameSamples(LINE_HZ));
const silences = new Map<WireCodec, string>();

/** What is said on the line, 20 ms at a time, as payloads of one codec. Silence costs nothing. */
export class WireAudio {
  readonly #codec: WireCodec;
  readonly #resampler: Resampler;
  /** Frames for which the filter still holds some of what was said. */
  #filterFrames = 0;

  constructor(codec: WireCodec) {
    this.#codec = codec;
    this.#resampler = new Resampler(LINE_HZ, codec.sampleRateHz);
  }

  /** `said`: 320 samples at 16 kHz; absent is silence. Base64. */
  payloadOf(said: Int16Array | CodedFrame | undefined): string {
    if (said !== undefined && 'payload' in said) return said.payload(this.#codec);
    this.#filterFrames = said === undefined ? Math.max(0, this.#filterFrames - 1) : FILTER_FRAMES;
    if (this.#filterFrames === 0) return silenceIn(this.#codec);
    return this.#codec.encode(this.#resampler.process(said ?? LINE_SILENCE)).toString('base64');
  }
}

function silenceIn(codec: WireCodec): string {
  const known = silences.get(codec);
  if (known !== undefined) return known;
  const payload = codec.encode(new Int16Array(frameSamples(codec.sampleRateHz))).toString('base64');
  silences.set(codec, payload);
  return payload;
}
