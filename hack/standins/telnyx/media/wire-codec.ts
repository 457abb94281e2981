/**
 * Audio as it stands on the media socket: G.711 (ITU-T G.711, segment search as in its reference
 * code) and L16. Written apart from the runtime's codecs, so that each side checks the other.
 */
export interface WireCodec {
  readonly encoding: 'PCMU' | 'PCMA' | 'L16';
  readonly sampleRateHz: number;
  readonly bytesPerSample: number;
  encode(samples: Int16Array): Buffer;
  decode(payload: Buffer): Int16Array;
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
export function wireCodec(encoding: string, sampleRateHz: number, order: ByteOrder): WireCodec | undefined {
  const key = `${encoding}@${sampleRateHz}${order}`;
  const codec = known.get(key) ?? createCodec(encoding, sampleRateHz, order);
  if (codec) known.set(key, codec);
  return codec;
}

function createCodec(encoding: string, sampleRateHz: number, order: ByteOrder): WireCodec | undefined {
  if (encoding === 'L16') return l16(sampleRateHz, order);
  if (sampleRateHz !== 8_000) return undefined;
  if (encoding === 'PCMU') return companded('PCMU', encodeMuLaw, decodeMuLaw);
  if (encoding === 'PCMA') return companded('PCMA', encodeALaw, decodeALaw);
  return undefined;
}

function l16(sampleRateHz: number, order: ByteOrder): WireCodec {
  const little = order === 'LittleEndian';
  return {
    encoding: 'L16',
    sampleRateHz,
    bytesPerSample: 2,
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
  encoding: 'PCMU' | 'PCMA',
  encode: (sample: number) => number,
  decode: (code: number) => number,
): WireCodec {
  return {
    encoding,
    sampleRateHz: 8_000,
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
