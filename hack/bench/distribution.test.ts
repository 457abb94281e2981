import { expect, test } from 'vitest';
import { distributionOf, medianOf } from './distribution.ts';

test('percentiles are measured values, by nearest rank', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(distributionOf(values)).toEqual({ count: 200, p50: 100, p95: 190, p99: 198, max: 200 });
  expect(medianOf([3, 1, 2])).toBe(2);
});

test('nothing measured is an error and not a zero', () => {
  expect(() => distributionOf([])).toThrow('nothing was measured');
});
