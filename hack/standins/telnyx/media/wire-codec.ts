/**
 * Audio as it stands on the media socket. G.711 (ITU-T G.711, segment search as in its reference code) and L16 are
 * written apart from the runtime's, so that each side checks the other; G.722 and Opus are the runtime's own, which
 * are checked elsewhere.
 */
import type { AudioCodec } from '#runtime/media/audio-codec.ts';
import { g722 } from '#runtime/media/g722-codec.ts';
import { OPUS_RATES_HZ, opus } from '#runtime/media/opus-codec.ts';
import { opusPacketMs } from './opus-packet.ts';

export interface WireCodec {
  readonly encoding: 'PCMU' | 'PCMA' | 'L16' | 'G722' | 'OPUS';
  /** What commands and `start` call its rate. */
  readonly rateHz: number;
  /** Of the samples that are encoded, and of those that are decoded. */
  readonly encodedHz: number;
  readonly decodedHz: number;
  /** How long a payload lasts; undefined where it ends inside a sample, or is none. */
  durationMs(payload: Buffer): number | undefined;
  /** For one stream, which closes them. */
  open(): Promise<WireCoders>;
  /** The same for all streams, where the codec has no state. */
  readonly shared: WireCoders | undefined;
}

export interface WireCoders {
  encode(samples: Int16Array): Buffer;
  decode(payload: Buffer): Int16Array;
  close(): void;
}

export type ByteOrder = 'BigEndian' | 'LittleEndian';

/** Samples of 20 ms. */
export function frameSamples(sampleRateHz: number): number {
  return sampleRateHz / 50;
}

const known = new Map<string, WireCodec>();

/**
 * The codec, or undefined where the stand-in cannot code it or the rate does not belong to it. The same
 * arguments give the same object.
 */
export function wireCodec(encoding: string, rateHz: number, order: ByteOrder): WireCodec | undefined {
  const key = `${encoding}@${rateHz}${order}`;
  const codec = known.get(key) ?? createCodec(encoding, rateHz, order);
  if (codec) known.set(key, codec);
  return codec;
}

function createCodec(encoding: string, rateHz: number, order: ByteOrder): WireCodec | undefined {
  if (encoding === 'L16') return stateless('L16', { rateHz, bytesPerSample: 2, ...l16(order) });
  const opusRateHz = OPUS_RATES_HZ.find((rate) => rate === rateHz);
  if (encoding === 'OPUS' && opusRateHz) {
    const decodedHz = Math.min(rateHz, 16_000);
    const format = { encoding, rateHz, encodedHz: rateHz, decodedHz, durationMs: opusPacketMs } as const;
    return stateful(format, opus(opusRateHz));
  }
  if (rateHz !== 8_000) return undefined;
  if (encoding === 'PCMU') return stateless('PCMU', { rateHz, ...companded(encodeMuLaw, decodeMuLaw) });
  if (encoding === 'PCMA') return stateless('PCMA', { rateHz, ...companded(encodeALaw, decodeALaw) });
  if (encoding !== 'G722') return undefined;
  const durationMs = (payload: Buffer) => payload.length / 8;
  return stateful({ encoding, rateHz, encodedHz: 16_000, decodedHz: 16_000, durationMs }, g722);
}

function stateful(format: Omit<WireCodec, 'open' | 'shared'>, codec: AudioCodec): WireCodec {
  return {
    ...format,
    shared: undefined,
    async open() {
      const [encoder, decoder] = await Promise.all([codec.openEncoder(), codec.openDecoder(() => {})]);
      return {
        encode: (samples) => encoder.encode(samples),
        decode: (payload) => decoder.decode(payload),
        close() {
          encoder.close();
          decoder.close();
        },
      };
    },
  };
}

interface PCM extends Omit<WireCoders, 'close'> {
  readonly rateHz: number;
  readonly bytesPerSample: number;
}

function stateless(
  encoding: WireCodec['encoding'],
  { rateHz, bytesPerSample, encode, decode }: PCM,
): WireCodec {
  const shared = { encode, decode, close: () => {} };
  return {
    encoding,
    rateHz,
    encodedHz: rateHz,
    decodedHz: rateHz,
    durationMs(payload) {
      const samples = payload.length / bytesPerSample;
      return Number.isInteger(samples) ? (samples / rateHz) * 1_000 : undefined;
    },
    open: () => Promise.resolve(shared),
    shared,
  };
}

function l16(order: ByteOrder): Omit<WireCoders, 'close'> {
  const little = order === 'LittleEndian';
  return {
    encode(samples) {
      const payload = Buffer.allocUnsafe(samples.length * 2);
      samples.forEach((sample, i) => {
        if (little) payload.writeInt16LE(sample, i * 2);
        else payload.writeInt16BE(sample, i * 2);
      });
      return payload;
    },
    decode: (payload) =>
      Int16Array.from({ length: payload.length >> 1 }, (_, i) =>
        little ? payload.readInt16LE(i * 2) : payload.readInt16BE(i * 2),
      ),
  };
}

function companded(
  encode: (sample: number) => number,
  decode: (code: number) => number,
): Omit<PCM, 'rateHz'> {
  return {
    bytesPerSample: 1,
    encode(samples) {
      const payload = Buffer.allocUnsafe(samples.length);
      for (let i = 0; i < samples.length; i += 1) payload[i] = encode(samples[i] ?? 0);
      return payload;
    },
    decode(payload) {
      const samples = new Int16Array(payload.length);
      for (let i = 0; i < payload.length; i += 1) samples[i] = decode(payload[i] ?? 0);
      return samples;
    },
  };
}

const MU_BIAS = 0x84;
const MU_CLIP = 32_635;

function encodeMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), MU_CLIP) + MU_BIAS;
  const segment = 24 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (segment + 3)) & 0x0f;
  return ~(sign | (segment << 4) | mantissa) & 0xff;
}

function decodeMuLaw(code: number): number {
  const bits = ~code & 0xff;
  const magnitude = ((((bits & 0x0f) << 3) + MU_BIAS) << ((bits >> 4) & 7)) - MU_BIAS;
  return bits & 0x80 ? -magnitude : magnitude;
}

function encodeALaw(sample: number): number {
  // A-law has 13 bits; a negative value is the complement of its magnitude.
  const linear = sample >> 3;
  const magnitude = linear < 0 ? ~linear : linear;
  const segment = Math.max(0, 27 - Math.clz32(magnitude));
  const mantissa = (segment < 2 ? magnitude >> 1 : magnitude >> segment) & 0x0f;
  return ((segment << 4) | mantissa) ^ (linear < 0 ? 0x55 : 0xd5);
}

function decodeALaw(code: number): number {
  const bits = code ^ 0x55;
  const segment = (bits >> 4) & 7;
  const base = ((bits & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? base : (base + 0x100) << (segment - 1);
  return bits & 0x80 ? magnitude : -magnitude;
}
