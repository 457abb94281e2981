import type { AudioCodec, AudioDecoder, AudioEncoder } from './audio-codec.ts';
import type { Companding } from './g711.ts';

/** RFC 3551 says big-endian for L16; carriers differ, so it is a setting. */
export type ByteOrder = 'BigEndian' | 'LittleEndian';

/** G.711. It has no state, so all streams share it. */
export function companded({ toLinear, toCode }: Companding): AudioCodec {
  const decoder: AudioDecoder = {
    ...STATELESS,
    sampleRateHz: 8_000,
    decode(payload, into) {
      const samples = roomFor(payload.length, into);
      for (let i = 0; i < payload.length; i++) samples[i] = toLinear[payload[i] ?? 0] ?? 0;
      return samples;
    },
  };
  const encoder: AudioEncoder = {
    ...STATELESS,
    sampleRateHz: 8_000,
    canJoin: true,
    encode(samples) {
      const payload = Buffer.allocUnsafe(samples.length);
      for (let i = 0; i < samples.length; i++) payload[i] = toCode[(samples[i] ?? 0) + 32_768] ?? 0;
      return payload;
    },
  };
  return { openDecoder: () => decoder, openEncoder: () => encoder };
}

/** L16: the samples as they are. */
export function linear(sampleRateHz: number, byteOrder: ByteOrder): AudioCodec {
  const littleEndian = byteOrder === 'LittleEndian';
  return {
    openDecoder: (onMalformed) => ({
      ...STATELESS,
      sampleRateHz,
      /** Half a sample at the end belongs to nothing and is left out. */
      decode(payload, into) {
        if (payload.length % 2 === 1) onMalformed();
        const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
        const samples = roomFor(payload.length >> 1, into);
        for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(i * 2, littleEndian);
        return samples;
      },
    }),
    openEncoder: () => ({
      ...STATELESS,
      sampleRateHz,
      canJoin: true,
      encode(samples) {
        const payload = Buffer.allocUnsafe(samples.length * 2);
        const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
        for (let i = 0; i < samples.length; i++) view.setInt16(i * 2, samples[i] ?? 0, littleEndian);
        return payload;
      },
    }),
  };
}

const NO_SAMPLES = new Int16Array(0);
const STATELESS = { conceal: () => NO_SAMPLES, close: () => {} };

/** `samples` where it has just that many, else new ones. */
export function roomFor(count: number, samples: Int16Array | undefined): Int16Array {
  return samples?.length === count ? samples : new Int16Array(count);
}
