import { Resampler } from '#runtime/media/resampler.ts';
import type { CodedFrame } from './coded-audio.ts';
import { LINE_HZ } from './stereo-recording.ts';
import { frameSamples, type WireCodec, type WireCoders } from './wire-codec.ts';

/** Frames that the resampler's memory reaches over. */
const FILTER_FRAMES = 3;
const LINE_SILENCE = new Int16Array(frameSamples(LINE_HZ));
const silences = new Map<WireCodec, string>();

/** What is said on the line, 20 ms at a time, as payloads of one codec. Silence costs nothing where no state is. */
export class WireAudio {
  readonly #codec: WireCodec;
  readonly #coders: WireCoders;
  readonly #resampler: Resampler;
  /** Frames for which the filter still holds some of what was said. */
  #filterFrames = 0;

  constructor(codec: WireCodec, coders: WireCoders) {
    this.#codec = codec;
    this.#coders = coders;
    this.#resampler = new Resampler(LINE_HZ, codec.encodedHz);
  }

  /** `said`: 320 samples at 16 kHz; absent is silence. Base64. */
  payloadOf(said: Int16Array | CodedFrame | undefined): string {
    const isCoded = said !== undefined && 'payload' in said;
    const coded = isCoded ? said.payload(this.#codec) : undefined;
    if (coded !== undefined) return coded;
    this.#filterFrames = said === undefined ? Math.max(0, this.#filterFrames - 1) : FILTER_FRAMES;
    if (this.#filterFrames === 0 && this.#codec.shared) return silenceIn(this.#codec, this.#codec.shared);
    const samples = (isCoded ? said.samples : said) ?? LINE_SILENCE;
    return this.#coders.encode(this.#resampler.process(samples)).toString('base64');
  }
}

function silenceIn(codec: WireCodec, coders: WireCoders): string {
  const known = silences.get(codec);
  if (known !== undefined) return known;
  const payload = coders.encode(new Int16Array(frameSamples(codec.encodedHz))).toString('base64');
  silences.set(codec, payload);
  return payload;
}
