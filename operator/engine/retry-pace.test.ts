import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { RetryPace } from './retry-pace.ts';

const HOUR_MS = 3_600_000;

/** How often something that is refused all the time is asked for within this time. */
async function asksWithin(timeMs: number, random: () => number): Promise<number> {
  const clock = new FakeClock();
  const pace = new RetryPace(clock, random);
  const endMs = clock.monotonic() + timeMs;
  let asks = 0;
  while (clock.monotonic() < endMs) {
    asks += 1;
    await clock.advance(pace.nextMs('a', 'no'));
  }
  return asks;
}

test('what stays refused is asked for later and later, at the latest after 15 minutes', async () => {
  for (const random of [() => 0, () => 1]) {
    expect(await asksWithin(60_000, random)).toBeGreaterThanOrEqual(2);
    const firstHour = await asksWithin(HOUR_MS, random);
    expect(firstHour).toBeLessThan(30);
    const aDay = await asksWithin(24 * HOUR_MS, random);
    expect(aDay).toBeGreaterThanOrEqual(96);
    expect(aDay).toBeLessThan(230);
  }
});

test('looks in between neither bring it forward nor put it off', async () => {
  const clock = new FakeClock();
  const pace = new RetryPace(clock, () => 1);
  const first = pace.nextMs('a', 'no');
  await clock.advance(10_000);
  expect(pace.nextMs('a', 'no')).toBe(first - 10_000);
});

test('another refusal, or one after all was well, begins anew', async () => {
  const clock = new FakeClock();
  const pace = new RetryPace(clock, () => 1);
  for (let round = 0; round < 10; round += 1) await clock.advance(pace.nextMs('a', 'no'));
  expect(pace.nextMs('a', 'no')).toBeGreaterThan(60_000);
  expect(pace.nextMs('a', 'never')).toBe(30_000);
  pace.forget('a');
  expect(pace.nextMs('a', 'never')).toBe(30_000);
});
