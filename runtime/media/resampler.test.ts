import { describe, expect, test } from 'vitest';
import { resampleWhole } from './resample-whole.ts';
import { Resampler } from './resampler.ts';
import { resamplingQuality } from './testing/resampling-quality.ts';

const AMPLITUDE = 16_000;

function tone(hertz: number, rateHz: number, seconds = 1): Int16Array {
  return Int16Array.from({ length: rateHz * seconds }, (_, i) =>
    Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hertz * i) / rateHz)),
  );
}

/** Of carriers and of engines. */
const RATES_HZ = [8_000, 16_000, 22_050, 24_000, 48_000];
const PAIRS = RATES_HZ.flatMap((from) =>
  RATES_HZ.filter((to) => to !== from).map((to) => [from, to] as const),
);

describe('resampling', () => {
  test.each(PAIRS)('from %i to %i Hz keeps speech as it is, and little else is heard', async (from, to) => {
    const quality = await resamplingQuality(from, to, (samples) => new Resampler(from, to).process(samples));
    expect(quality.rippleDb).toBeLessThan(0.01);
    expect(quality.aliasingDb).toBeLessThan(-65);
    expect(quality.stopBandDb ?? Number.NEGATIVE_INFINITY).toBeLessThan(-65);
    expect(quality.delayMs).toBeLessThan(from === 8_000 || to === 8_000 ? 4 : 2);
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
