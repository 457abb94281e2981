import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { CircuitBreaker } from './circuit-breaker.ts';

test('after its rest one request at a time is tried, and a success closes the breaker', async () => {
  const clock = new FakeClock();
  const breaker = new CircuitBreaker(clock, { failures: 2, restMs: 1_000 });
  breaker.failed();
  expect(breaker.admits()).toBe(true);
  breaker.failed();
  expect(breaker.admits()).toBe(false);
  await clock.advance(1_000);
  expect([breaker.admits(), breaker.admits()]).toEqual([true, false]);
  breaker.abandoned();
  expect(breaker.admits()).toBe(true);
  breaker.failed();
  expect(breaker.admits()).toBe(false);
  await clock.advance(1_000);
  expect(breaker.admits()).toBe(true);
  breaker.succeeded();
  expect([breaker.admits(), breaker.admits()]).toEqual([true, true]);
});
