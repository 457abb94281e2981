import { expect, test } from 'vitest';
import { ArrivalClock } from './arrival-clock.ts';

function lateness(arrivals: readonly (readonly [timestampMs: number, nowMs: number])[]): number[] {
  const clock = new ArrivalClock();
  return arrivals.map(([timestampMs, nowMs]) => nowMs - clock.dueMs(timestampMs, nowMs));
}

test('a frame is late by what it took longer than the quickest before it', () => {
  expect(
    lateness([
      [0, 1_005],
      [20, 1_020],
      [40, 1_090],
      [60, 1_090],
      [80, 1_085],
    ]),
  ).toEqual([0, 0, 50, 30, 5]);
});

test('clocks that drift apart make nothing late for long', () => {
  const frames = Array.from({ length: 3_000 }, (_, i) => [i * 20, i * 20.02] as const);
  expect(Math.max(...lateness(frames))).toBeLessThan(21);
});

test('a stream that counts anew is not late', () => {
  expect(
    lateness([
      [900_000, 1_000],
      [0, 1_020],
      [20, 1_045],
    ]),
  ).toEqual([0, 0, 5]);
});
