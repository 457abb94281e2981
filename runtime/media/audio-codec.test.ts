import { describe, expect, test } from 'vitest';
import { codecFor } from './audio-codec.ts';
import { Resampler } from './resampler.ts';
import { lineQuality } from './testing/line-quality.ts';
import { knownCodec, openCoders, throughLine } from './testing/open-coders.ts';

/** A second of something like speech: harmonics of a gliding voice, louder and quieter. */
function voice(sampleRateHz: number): Int16Array {
  let phase = 0;
  return Int16Array.from({ length: sampleRateHz }, (_, i) => {
    const seconds = i / sampleRateHz;
    phase += (2 * Math.PI * (140 + 60 * Math.sin(9 * seconds))) / sampleRateHz;
    const harmonics = [1, 0.8, 0.6, 0.7, 0.3, 0.4, 0.2, 0.1, 0.1, 0.05];
    const sum = harmonics.reduce((total, level, n) => total + level * Math.sin((n + 1) * phase), 0);
    return Math.round(4_000 * sum * (0.55 + 0.45 * Math.sin(20 * seconds)));
  });
}

describe('the codecs', () => {
  // Values of the reference implementation of ITU-T G.191 (ulaw_expand, alaw_expand).
  test.each([
    ['PCMU', [0x00, 0x7f, 0x80, 0xff, 0x2a], [-32124, 0, 32124, 0, -5372]],
    ['PCMA', [0xd5, 0x55, 0xaa, 0x2a, 0x80], [8, -8, 32256, -32256, 5504]],
  ])('%s decodes to the values of the standard', async (encoding, codes, samples) => {
    const { decoder } = await openCoders(encoding, 8000);
    expect([...decoder.decode(Uint8Array.from(codes))]).toEqual(samples);
  });

  test.each(['PCMU', 'PCMA'])('%s gives every code back, but for negative zero', async (encoding) => {
    const { encoder, decoder } = await openCoders(encoding, 8000);
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code).filter((code) => code !== 0x7f);
    expect([...encoder.encode(decoder.decode(codes))]).toEqual([...codes]);
  });

  // Opus keeps the sound and not the wave, so that what it adds says little of it.
  test.each([
    ['PCMU', 8_000, 36, 0],
    ['PCMA', 8_000, 36, 0],
    ['G722', 8_000, 45, 1.4],
    ['L16', 16_000, 90, 0],
    ['OPUS', 8_000, 5, 6.5],
    ['OPUS', 16_000, 5, 6.5],
    ['OPUS', 24_000, 5, 6.5],
    ['OPUS', 48_000, 5, 6.5],
  ])('%s at %i Hz keeps a voice %i dB above its noise, %d ms late', async (encoding, rate, minimumDb, ms) => {
    const line = await openCoders(encoding, rate);
    const spoken = voice(line.encoder.sampleRateHz);
    const heard = throughLine(line, spoken);
    const sent = new Resampler(line.encoder.sampleRateHz, line.decoder.sampleRateHz).process(spoken);
    const { signalToNoiseDb, delaySamples } = lineQuality(sent, heard);
    expect(signalToNoiseDb).toBeGreaterThan(minimumDb);
    expect((delaySamples / line.decoder.sampleRateHz) * 1_000).toBeLessThanOrEqual(ms);
  });

  test('L16 has the byte order it was told', async () => {
    const samples = Int16Array.of(1, -2, 32767, -32768);
    const big = await openCoders('L16', 16000);
    expect(big.encoder.encode(samples).toString('hex')).toBe('0001fffe7fff8000');
    const little = await openCoders('L16', 16000, 'LittleEndian');
    expect(little.encoder.encode(samples).toString('hex')).toBe('0100feffff7f0080');
    expect([...little.decoder.decode(little.encoder.encode(samples))]).toEqual([...samples]);
  });

  test.each([
    ['PCMU', 8_000, 1],
    ['G722', 8_000, 2],
    ['L16', 16_000, 0.5],
  ])('%s decodes payloads of any length', async (encoding, rate, samplesAByte) => {
    const line = await openCoders(encoding, rate);
    for (const bytes of [2, 80, 160, 240, 480, 960, 4_000]) {
      expect(line.decoder.decode(new Uint8Array(bytes))).toHaveLength(bytes * samplesAByte);
    }
    expect(line.counts.malformed).toBe(0);
  });

  test.each([
    ['PCMU', 8_000],
    ['G722', 8_000],
    ['L16', 16_000],
  ])('%s decodes into samples of the right length, and makes new ones else', async (encoding, rate) => {
    const payload = Buffer.from([100, 7, 200, 99]);
    const decoded = (await openCoders(encoding, rate)).decoder.decode(payload);
    const samples = new Int16Array(decoded.length);
    expect((await openCoders(encoding, rate)).decoder.decode(payload, samples)).toBe(samples);
    expect(samples).toEqual(decoded);
    const other = (await openCoders(encoding, rate)).decoder.decode(payload, new Int16Array(9));
    expect(other).toEqual(decoded);
  });

  test('half a sample at the end of an L16 payload is left out, and counted', async () => {
    const { decoder, counts } = await openCoders('L16', 16000);
    expect([...decoder.decode(Uint8Array.of(0, 1, 9))]).toEqual([1]);
    expect(counts.malformed).toBe(1);
  });

  test.each([
    [8_000, 8_000],
    [16_000, 8_000],
  ])('G.722 that is announced at %i Hz is 16 kHz audio', async (rate) => {
    const { decoder, encoder } = await openCoders('G722', rate);
    expect([decoder.sampleRateHz, encoder.sampleRateHz]).toEqual([16_000, 16_000]);
  });

  test.each([
    ['OPUS', 12_345, 1],
    ['AMR-WB', 16_000, 1],
    ['PCMU', 16_000, 1],
    ['G722', 48_000, 1],
    ['L16', 11_025, 1],
    ['L16', 16_000, 2],
  ])('%s at %i Hz with %i channels is not spoken', (encoding, sampleRateHz, channels) => {
    expect(codecFor({ encoding, sampleRateHz, channels }, 'BigEndian')).toBeUndefined();
  });

  test('a way of one stream knows nothing of another', async () => {
    const codec = knownCodec('G722', 8_000);
    const [first, second] = [await codec.openEncoder(), await codec.openEncoder()];
    const frame = voice(16_000).subarray(0, 320);
    const alone = second.encode(frame);
    first.encode(voice(16_000));
    expect((await codec.openEncoder()).encode(frame)).toEqual(alone);
  });
});
