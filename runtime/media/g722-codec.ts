import type { AudioCodec } from './audio-codec.ts';
import { G722Decoder, G722Encoder } from './g722.ts';
import { roomFor } from './pcm-codecs.ts';

const SAMPLE_RATE_HZ = 16_000;

/** G.722 at 64 kbit/s. Every byte is a code, so no payload is malformed. */
export const g722: AudioCodec = {
  openDecoder() {
    const decoder = new G722Decoder();
    return {
      sampleRateHz: SAMPLE_RATE_HZ,
      decode(payload, into) {
        const samples = roomFor(payload.length * 2, into);
        decoder.decode(payload, samples);
        return samples;
      },
      conceal: () => new Int16Array(0),
      close: () => {},
    };
  },
  openEncoder() {
    const encoder = new G722Encoder();
    return {
      sampleRateHz: SAMPLE_RATE_HZ,
      canJoin: true,
      encode(samples) {
        const payload = Buffer.allocUnsafe(samples.length >> 1);
        encoder.encode(samples, payload);
        return payload;
      },
      close: () => {},
    };
  },
};
