import { describe, expect, test } from 'vitest';
import { A_LAW, MU_LAW } from '#runtime/media/g711.ts';
import { opusPacketMs } from './opus-packet.ts';
import { wireCodec } from './wire-codec.ts';

describe('audio on the media socket', () => {
  test.each([
    ['PCMU', MU_LAW],
    ['PCMA', A_LAW],
  ])('%s decodes every code as the runtime does, and encodes it back', (encoding, companding) => {
    const codec = wireCodec(encoding, 8_000, 'BigEndian');
    const codes = Buffer.from(Uint8Array.from({ length: 256 }, (_, code) => code));
    const samples = codec?.shared?.decode(codes) ?? new Int16Array();
    expect(samples).toEqual(companding.toLinear);
    // Mu-law has two zeros, of which the positive one is sent.
    const expected = Buffer.from(codes);
    if (encoding === 'PCMU') expected[0x7f] = 0xff;
    expect(codec?.shared?.encode(samples)).toEqual(expected);
  });

  test.each([
    ['BigEndian', '0102fffe'],
    ['LittleEndian', '0201feff'],
  ] as const)('L16 in %s order', (order, hex) => {
    const codec = wireCodec('L16', 16_000, order);
    const samples = Int16Array.from([0x0102, -2]);
    expect(codec?.shared?.encode(samples).toString('hex')).toBe(hex);
    expect(codec?.shared?.decode(Buffer.from(hex, 'hex'))).toEqual(samples);
  });

  test('G.711 has no other rate, and other codecs are not coded', () => {
    expect(wireCodec('PCMU', 16_000, 'BigEndian')).toBeUndefined();
    expect(wireCodec('AMR-WB', 16_000, 'BigEndian')).toBeUndefined();
    expect(wireCodec('OPUS', 12_345, 'BigEndian')).toBeUndefined();
  });

  // RFC 6716, section 3.1: mode, frame length and count of frames stand in the first two bytes.
  test.each([
    ['one SILK frame of 20 ms', [0x08], 20],
    ['two SILK frames of 60 ms', [0x19], 120],
    ['two hybrid frames of 10 ms', [0x62], 20],
    ['one CELT frame of 2.5 ms', [0x80], 2.5],
    ['three CELT frames of 20 ms', [0xfb, 0x03], 60],
    ['no frame', [0xfb, 0x00], undefined],
    ['nothing', [], undefined],
  ])('an Opus packet of %s lasts as long as that', (_what, packet, ms) => {
    expect(opusPacketMs(Uint8Array.from(packet))).toBe(ms);
  });
});
