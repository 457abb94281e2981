import type { MediaFormat } from './carrier-message.ts';
import { A_LAW, type Companding, MU_LAW } from './g711.ts';

/** The carrier's bytes ↔ 16-bit mono samples, for one stream's format. Holds no state. */
export interface AudioCodec {
  readonly encoding: string;
  readonly sampleRateHz: number;
  /** Into `samples` where that has just the room, else into new ones: so that a stream of frames needs no memory. */
  decode(payload: Uint8Array, samples?: Int16Array): Int16Array;
  encode(samples: Int16Array): Buffer;
}

/** RFC 3551 says big-endian for L16; carriers differ, so it is a setting. */
export type ByteOrder = 'BigEndian' | 'LittleEndian';

/** The codec for what the carrier announced in `start`; undefined for a format we cannot speak. */
export function codecFor(format: MediaFormat, l16ByteOrder: ByteOrder): AudioCodec | undefined {
  if (format.channels !== 1) return undefined;
  const { encoding, sampleRateHz } = format;
  if (encoding === 'PCMU' && sampleRateHz === 8_000) return companded(encoding, MU_LAW);
  if (encoding === 'PCMA' && sampleRateHz === 8_000) return companded(encoding, A_LAW);
  if (encoding === 'L16' && L16_RATES_HZ.includes(sampleRateHz)) return linear(sampleRateHz, l16ByteOrder);
  return undefined;
}

const L16_RATES_HZ: readonly number[] = [8_000, 16_000, 24_000, 48_000];

function companded(encoding: string, { toLinear, toCode }: Companding): AudioCodec {
  return {
    encoding,
    sampleRateHz: 8_000,
    decode(payload, into) {
      const samples = roomFor(payload.length, into);
      for (let i = 0; i < payload.length; i++) samples[i] = toLinear[payload[i] ?? 0] ?? 0;
      return samples;
    },
    encode(samples) {
      const payload = Buffer.allocUnsafe(samples.length);
      for (let i = 0; i < samples.length; i++) payload[i] = toCode[(samples[i] ?? 0) + 32_768] ?? 0;
      return payload;
    },
  };
}

function linear(sampleRateHz: number, byteOrder: ByteOrder): AudioCodec {
  const littleEndian = byteOrder === 'LittleEndian';
  return {
    encoding: 'L16',
    sampleRateHz,
    /** Half a sample at the end belongs to nothing and is left out. */
    decode(payload, into) {
      const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
      const samples = roomFor(payload.length >> 1, into);
      for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(i * 2, littleEndian);
      return samples;
    },
    encode(samples) {
      const payload = Buffer.allocUnsafe(samples.length * 2);
      const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
      for (let i = 0; i < samples.length; i++) view.setInt16(i * 2, samples[i] ?? 0, littleEndian);
      return payload;
    },
  };
}

function roomFor(count: number, samples: Int16Array | undefined): Int16Array {
  return samples?.length === count ? samples : new Int16Array(count);
}
