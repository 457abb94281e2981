import { describe, expect, test } from 'vitest';
import { codecFor } from './audio-codec.ts';

function codec(
  encoding: string,
  sampleRateHz: number,
  byteOrder: 'BigEndian' | 'LittleEndian' = 'BigEndian',
) {
  const found = codecFor({ encoding, sampleRateHz, channels: 1 }, byteOrder);
  if (!found) throw new Error(`no codec for ${encoding}`);
  return found;
}

describe('the codecs', () => {
  // Values of the reference implementation of ITU-T G.191 (ulaw_expand, alaw_expand).
  test.each([
    ['PCMU', [0x00, 0x7f, 0x80, 0xff, 0x2a], [-32124, 0, 32124, 0, -5372]],
    ['PCMA', [0xd5, 0x55, 0xaa, 0x2a, 0x80], [8, -8, 32256, -32256, 5504]],
  ])('%s decodes to the values of the standard', (encoding, codes, samples) => {
    expect([...codec(encoding, 8000).decode(Uint8Array.from(codes))]).toEqual(samples);
  });

  test.each(['PCMU', 'PCMA'])('%s gives every code back, but for negative zero', (encoding) => {
    const line = codec(encoding, 8000);
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code).filter((code) => code !== 0x7f);
    expect([...line.encode(line.decode(codes))]).toEqual([...codes]);
  });

  test.each([
    ['PCMU', 34],
    ['PCMA', 34],
  ])('%s keeps a tone %i dB above its own noise', (encoding, minimumDb) => {
    const tone = Int16Array.from({ length: 8000 }, (_, i) => 8000 * Math.sin(i * 0.7853));
    const line = codec(encoding, 8000);
    const back = line.decode(line.encode(tone));
    const noise = back.reduce((sum, sample, i) => sum + (sample - (tone[i] ?? 0)) ** 2, 0);
    const signal = tone.reduce((sum, sample) => sum + sample ** 2, 0);
    expect(10 * Math.log10(signal / noise)).toBeGreaterThan(minimumDb);
  });

  test('L16 has the byte order it was told', () => {
    const samples = Int16Array.of(1, -2, 32767, -32768);
    expect(codec('L16', 16000).encode(samples).toString('hex')).toBe('0001fffe7fff8000');
    const little = codec('L16', 16000, 'LittleEndian');
    expect(little.encode(samples).toString('hex')).toBe('0100feffff7f0080');
    expect([...little.decode(little.encode(samples))]).toEqual([...samples]);
  });

  test('half a sample at the end of an L16 payload is left out', () => {
    expect([...codec('L16', 16000).decode(Uint8Array.of(0, 1, 9))]).toEqual([1]);
  });

  test.each(['PCMU', 'L16'])(
    '%s decodes into samples of the right length, and makes new ones else',
    (encoding) => {
      const line = codec(encoding, 8000);
      const payload = line.encode(Int16Array.of(100, -100, 0));
      const decoded = line.decode(payload);
      const samples = new Int16Array(3);
      expect(line.decode(payload, samples)).toBe(samples);
      expect(samples).toEqual(decoded);
      expect(line.decode(payload, new Int16Array(4))).toEqual(decoded);
    },
  );

  test.each([
    ['OPUS', 8000, 1],
    ['PCMU', 16000, 1],
    ['L16', 11025, 1],
    ['L16', 16000, 2],
  ])('%s at %i Hz with %i channels is not spoken', (encoding, sampleRateHz, channels) => {
    expect(codecFor({ encoding, sampleRateHz, channels }, 'BigEndian')).toBeUndefined();
  });
});
