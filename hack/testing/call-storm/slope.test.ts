import { expect, test } from 'vitest';
import { lows, rise, slopePerHour } from './slope.ts';

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

test('garbage that comes and goes lifts no slope of the lowest values, and what is kept does', () => {
  const shaking = [5, 9, 5, 60, 5, 90].map((value, index) => ({ atMs: index * 30_000, value }));
  expect(slopePerHour(shaking, 0)).toBeGreaterThan(1_000);
  expect(slopePerHour(lows(shaking, 60_000), 0)).toBeCloseTo(0);
  const kept = shaking.map(({ atMs, value }) => ({ atMs, value: value + atMs / 60_000 }));
  expect(slopePerHour(lows(kept, 60_000), 0)).toBeCloseTo(60);
});

test.each([
  ['what shakes', [1, 5, 9, 5, 9, 5, 9, 5, 9], 0],
  ['what was opened in the beginning', [1, 3, 8, 8, 8, 9, 8, 9, 8], 0],
  ['what leaks', [0, 1, 2, 3, 4, 5, 6, 7, 8], 3],
])('the rise of %s', (_name, values, expected) => {
  expect(rise(minutes(values))).toBe(expected);
});
