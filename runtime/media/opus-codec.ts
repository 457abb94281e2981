import {
  Application,
  createDecoder,
  createEncoder,
  isOpusError,
  type OpusDecoderHandle,
  Signal,
} from 'libopus-wasm';
import type { AudioCodec, AudioDecoder } from './audio-codec.ts';

export const OPUS_RATES_HZ = [8_000, 16_000, 24_000, 48_000] as const;
export type OpusRateHz = (typeof OPUS_RATES_HZ)[number];

/** A decoder makes any of its rates of any packet, and nothing that listens here wants more than this. */
const MAX_DECODED_HZ = 16_000;
/** Bits a second, a little above those that RFC 6716 gives for speech of these bands in section 2.1.1. */
const BITRATES: Readonly<Record<OpusRateHz, number>> = {
  8_000: 16_000,
  16_000: 24_000,
  24_000: 32_000,
  48_000: 40_000,
};
/** Of 10. Above it a frame costs up to twice as much, for a gain in speech that nobody hears on a telephone. */
const COMPLEXITY = 5;

/** Opus by libopus, in WebAssembly: mono, packets of 20 ms. Its memory lies outside of what V8 frees by itself. */
export function opus(sampleRateHz: OpusRateHz): AudioCodec {
  return {
    openDecoder: async (onMalformed) => {
      const rate = sampleRateHz < MAX_DECODED_HZ ? sampleRateHz : MAX_DECODED_HZ;
      return new OpusDecoder(await createDecoder({ channels: 1, sampleRate: rate }), onMalformed);
    },
    async openEncoder() {
      const encoder = await createEncoder({
        channels: 1,
        sampleRate: sampleRateHz,
        application: Application.Voip,
        signal: Signal.Voice,
        bitrate: BITRATES[sampleRateHz],
        complexity: COMPLEXITY,
      });
      return {
        sampleRateHz,
        canJoin: false,
        encode(samples) {
          const { buffer, byteOffset, byteLength } = encoder.encode(samples);
          return Buffer.from(buffer, byteOffset, byteLength);
        },
        close: () => encoder.free(),
      };
    },
  };
}

class OpusDecoder implements AudioDecoder {
  readonly sampleRateHz: number;
  readonly #decoder: OpusDecoderHandle;
  readonly #onMalformed: () => void;
  /** Of the last packet that was heard: what a missing one is taken to have had. */
  #packetSamples: number;

  constructor(decoder: OpusDecoderHandle, onMalformed: () => void) {
    this.sampleRateHz = decoder.sampleRate;
    this.#decoder = decoder;
    this.#onMalformed = onMalformed;
    this.#packetSamples = decoder.sampleRate / 50;
  }

  decode(payload: Uint8Array): Int16Array {
    try {
      const samples = this.#decoder.decode(payload);
      this.#packetSamples = samples.length;
      return samples;
    } catch (error) {
      // The library has another error for a payload of no bytes.
      if (!isOpusError(error) && payload.length > 0) throw error;
      this.#onMalformed();
      return this.conceal(1);
    }
  }

  /** The sound before the gap goes on and fades: at most 120 ms of it, as libopus has it. */
  conceal(payloads: number): Int16Array {
    const longest = (this.sampleRateHz * MAX_CONCEALED_MS) / 1_000;
    const packets = Math.min(payloads, Math.floor(longest / this.#packetSamples));
    return this.#decoder.decodePacketLoss(packets * this.#packetSamples);
  }

  close(): void {
    this.#decoder.free();
  }
}

const MAX_CONCEALED_MS = 120;
