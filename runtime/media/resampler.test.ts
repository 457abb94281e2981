import { describe, expect, test } from 'vitest';
import { resampleWhole } from './resample-whole.ts';
import { Resampler } from './resampler.ts';

const AMPLITUDE = 16_000;

function tone(hertz: number, rateHz: number, seconds = 1): Int16Array {
  return Int16Array.from({ length: rateHz * seconds }, (_, i) =>
    Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hertz * i) / rateHz)),
  );
}

/** Level against the tone put in, past the filter's start. */
function levelDb(samples: Int16Array): number {
  const settled = samples.subarray(samples.length >> 2);
  const power = settled.reduce((sum, sample) => sum + sample * sample, 0) / settled.length;
  return 10 * Math.log10(Math.max(power, 1e-9) / (AMPLITUDE ** 2 / 2));
}

describe('resampling', () => {
  test.each([
    [24_000, 8_000, 4_500],
    [24_000, 8_000, 9_000],
    [24_000, 16_000, 8_500],
    [24_000, 16_000, 11_000],
    [16_000, 8_000, 4_200],
    [48_000, 8_000, 20_000],
  ])('from %i to %i Hz, %i Hz does not alias: 60 dB down or more', (from, to, hertz) => {
    expect(levelDb(new Resampler(from, to).process(tone(hertz, from)))).toBeLessThan(-60);
  });

  test.each([
    [24_000, 8_000],
    [24_000, 16_000],
    [16_000, 8_000],
    [8_000, 16_000],
  ])('from %i to %i Hz, speech up to 3.4 kHz keeps its level', (from, to) => {
    for (const hertz of [100, 1_000, 3_400]) {
      expect(Math.abs(levelDb(new Resampler(from, to).process(tone(hertz, from))))).toBeLessThan(0.2);
    }
  });

  test('upsampling leaves no image of the tone above the old band', () => {
    const output = new Resampler(8_000, 16_000).process(tone(3_000, 8_000)).subarray(4_000, 12_000);
    let [real, imaginary] = [0, 0];
    for (const [i, sample] of output.entries()) {
      real += sample * Math.cos((2 * Math.PI * 5_000 * i) / 16_000);
      imaginary += sample * Math.sin((2 * Math.PI * 5_000 * i) / 16_000);
    }
    const image = (2 * Math.hypot(real, imaginary)) / output.length;
    expect(20 * Math.log10(image / AMPLITUDE)).toBeLessThan(-60);
  });

  test.each([
    [24_000, 8_000],
    [24_000, 16_000],
    [8_000, 16_000],
    [16_000, 16_000],
  ])('from %i to %i Hz, chunk borders leave no trace and no sample is lost', (from, to) => {
    const input = tone(440, from);
    const whole = new Resampler(from, to).process(input);
    const resampler = new Resampler(from, to);
    const pieces: number[] = [];
    for (let at = 0, size = 1; at < input.length; at += size, size = (size * 7) % 997) {
      pieces.push(...resampler.process(input.subarray(at, at + size)));
    }
    expect(pieces).toEqual([...whole]);
    expect(whole.length).toBe(to);
  });

  test('a whole recording in pieces is the same as at once, and lets others run in between', async () => {
    const input = tone(440, 8_000, 3.5);
    let turns = 0;
    const count = () => {
      turns++;
      next = setImmediate(count);
    };
    let next = setImmediate(count);
    const whole = await resampleWhole(input, 8_000, 16_000);
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(3);
    expect(whole).toEqual(new Resampler(8_000, 16_000).process(input));
  });

  test('a full-scale signal is clipped, not wrapped', () => {
    const square = Int16Array.from({ length: 2_400 }, (_, i) => (i % 48 < 24 ? 32_767 : -32_768));
    const output = new Resampler(24_000, 8_000).process(square);
    for (let i = 100; i < output.length; i++) {
      const phase = i % 16;
      if (phase > 2 && phase < 6)
        expect(Math.sign(output[i] ?? 0)).toBe(Math.sign(output[i + 16] ?? output[i] ?? 0));
    }
    expect(Math.max(...output)).toBe(32_767);
  });
});
