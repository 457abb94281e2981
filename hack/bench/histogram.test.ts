import { expect, test } from 'vitest';
import { quantileBetween } from './histogram.ts';
import { Samples } from './prometheus-text.ts';

function page(ten: number, twenty: number, all: number): Samples {
  return new Samples(
    [
      `seconds_bucket{le="10"} ${ten}`,
      `seconds_bucket{le="20"} ${twenty}`,
      `seconds_bucket{le="+Inf"} ${all}`,
    ].join('\n'),
  );
}

test('a quantile counts what came between the pages, spread evenly in its bucket', () => {
  const pages = [page(100, 100, 100), page(150, 200, 200)] as const;
  expect(quantileBetween(pages, 'seconds', 0.5)).toBe(10);
  expect(quantileBetween(pages, 'seconds', 0.75)).toBe(15);
  expect(quantileBetween(pages, 'seconds', 1)).toBe(20);
});

test('what lies above the last bound has no bound, and nothing counted is an error', () => {
  expect(quantileBetween([page(0, 0, 0), page(0, 0, 5)], 'seconds', 0.5)).toBe(Number.POSITIVE_INFINITY);
  expect(() => quantileBetween([page(1, 1, 1), page(1, 1, 1)], 'seconds', 0.5)).toThrow('counted nothing');
});
