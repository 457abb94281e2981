import { describe, expect, test } from 'vitest';
import { A_LAW, MU_LAW } from '#runtime/media/g711.ts';
import { wireCodec } from './wire-codec.ts';

describe('audio on the media socket', () => {
  test.each([
    ['PCMU', MU_LAW],
    ['PCMA', A_LAW],
  ])('%s decodes every code as the runtime does, and encodes it back', (encoding, companding) => {
    const codec = wireCodec(encoding, 8_000, 'BigEndian');
    const codes = Buffer.from(Uint8Array.from({ length: 256 }, (_, code) => code));
    const samples = codec?.decode(codes) ?? new Int16Array();
    expect(samples).toEqual(companding.toLinear);
    // Mu-law has two zeros, of which the positive one is sent.
    const expected = Buffer.from(codes);
    if (encoding === 'PCMU') expected[0x7f] = 0xff;
    expect(codec?.encode(samples)).toEqual(expected);
  });

  test.each([
    ['BigEndian', '0102fffe'],
    ['LittleEndian', '0201feff'],
  ] as const)('L16 in %s order', (order, hex) => {
    const codec = wireCodec('L16', 16_000, order);
    const samples = Int16Array.from([0x0102, -2]);
    expect(codec?.encode(samples).toString('hex')).toBe(hex);
    expect(codec?.decode(Buffer.from(hex, 'hex'))).toEqual(samples);
  });

  test('G.711 has no other rate, and other codecs are not coded', () => {
    expect(wireCodec('PCMU', 16_000, 'BigEndian')).toBeUndefined();
    expect(wireCodec('G722', 8_000, 'BigEndian')).toBeUndefined();
  });
});
