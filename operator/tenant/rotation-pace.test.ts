import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { RotationPace } from './rotation-pace.ts';

const HOUR_MS = 3_600_000;

/** How many are taken in each of so many hours, asked for every ten minutes. */
async function takenIn(hours: number, tenants: number): Promise<number[]> {
  const clock = new FakeClock();
  const pace = new RotationPace({ clock, rotationDays: 90, tenants: () => tenants });
  const taken: number[] = [];
  for (let hour = 0; hour < hours; hour += 1) {
    let count = 0;
    for (let part = 0; part < 6; part += 1) {
      while (pace.take()) count += 1;
      await clock.advance(HOUR_MS / 6);
    }
    taken.push(count);
  }
  return taken;
}

test('of 10,000 tenants whose secrets are all old, so many are rotated that a quarter of the time is over in the end', async () => {
  const taken = await takenIn(24, 10_000);
  // 90 days / 4 are 540 hours.
  expect(Math.max(...taken)).toBeLessThanOrEqual(Math.ceil(10_000 / 540) + 1);
  expect(taken.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(24 * 18 - 1);
});

test('a tenant alone is rotated at once', async () => {
  expect(await takenIn(3, 1)).toEqual([1, 0, 0]);
});

test('what nobody took for weeks comes not all at once', async () => {
  const clock = new FakeClock();
  const pace = new RotationPace({ clock, rotationDays: 90, tenants: () => 10_000 });
  await clock.advance(60 * 24 * HOUR_MS);
  expect(pace.free).toBe(18);
});
