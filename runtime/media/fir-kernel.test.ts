import { describe, expect, test } from 'vitest';
import { FIRKernel } from './fir-kernel.ts';

const kernel = new FIRKernel();

/** One after another, in double precision. */
function sums(coefficients: Float64Array, line: Float32Array, { from, step, count }: Place): number[] {
  return Array.from({ length: count }, (_, n) => {
    const sum = coefficients.reduce((total, value, k) => total + value * (line[from + n * step + k] ?? 0), 0);
    return Math.max(-32_768, Math.min(32_767, sum));
  });
}

interface Place {
  readonly from: number;
  readonly step: number;
  readonly count: number;
}

function noise(length: number, amplitude: number): Float64Array {
  let seed = 1;
  return Float64Array.from({ length }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return (seed / 2_147_483_647 - 0.5) * 2 * amplitude;
  });
}

describe('the sums of products', () => {
  test.each([
    { taps: 1, from: 0, step: 1, count: 9 },
    { taps: 3, from: 5, step: 1, count: 8 },
    { taps: 87, from: 1, step: 1, count: 250 },
    { taps: 174, from: 3, step: 3, count: 251 },
    { taps: 174, from: 0, step: 441, count: 5 },
  ])('of $taps taps, $step samples apart, are those of a plain loop', ({ taps, ...place }) => {
    const coefficients = noise(taps, 1 / Math.sqrt(taps));
    kernel.line.set(noise(kernel.line.length, 32_767).map(Math.round));
    kernel.run(kernel.keep(coefficients), place.from, place.step, place.count);
    const expected = sums(coefficients, kernel.line, place);
    // Half a step is the rounding, the rest single precision.
    for (const [n, sum] of expected.entries()) {
      expect(Math.abs((kernel.output[n] ?? Number.NaN) - sum)).toBeLessThan(0.52);
    }
  });

  test('are clipped', () => {
    kernel.line.fill(32_767);
    kernel.run(kernel.keep(Float64Array.of(1, 1)), 0, 1, 4);
    expect([...kernel.output.subarray(0, 4)]).toEqual([32_767, 32_767, 32_767, 32_767]);
    kernel.line.fill(-32_768);
    kernel.run(kernel.keep(Float64Array.of(1, 1)), 0, 1, 1);
    expect(kernel.output[0]).toBe(-32_768);
  });

  test('are the same after more filters came than the memory held at first', () => {
    const few = kernel.keep(Float64Array.of(1));
    for (let filter = 0; filter < 100; filter++) kernel.keep(noise(1_000, 1));
    kernel.line.set([1, 2, 3, 4]);
    kernel.run(few, 0, 1, 4);
    expect([...kernel.output.subarray(0, 4)]).toEqual([1, 2, 3, 4]);
  });
});
