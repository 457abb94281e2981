import { expect, test } from 'vitest';
import { slopePerHour } from './slope.ts';

const minutes = (values: readonly number[]) =>
  values.map((value, minute) => ({ atMs: minute * 60_000, value }));

test.each([
  ['what stays as it is', [7, 7, 7, 7], 0, 0],
  ['what grows by one a minute', [1, 2, 3, 4], 0, 60],
  ['what shakes', [5, 7, 5, 7, 5], 0, 0],
  ['what grew only in the beginning', [0, 50, 80, 80, 80, 80], 1 / 3, 0],
  ['a single sample', [7], 0, 0],
])('the slope of %s', (_name, values, leftOutShare, expected) => {
  expect(slopePerHour(minutes(values), leftOutShare)).toBeCloseTo(expected);
});
