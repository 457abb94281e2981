import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { isInTime } from './is-in-time.ts';

const waiting = () => {
  const clock = new FakeClock();
  return { clock, ending: new AbortController(), ...Promise.withResolvers<void>() };
};

test('what resolves before its time is in time, and leaves no timer', async () => {
  const { clock, ending, promise, resolve } = waiting();
  const inTime = isInTime(promise, 100, { clock, signal: ending.signal });
  await clock.advance(99);
  resolve();
  expect([await inTime, clock.pending]).toEqual([true, 0]);
});

test('what does not is late', async () => {
  const { clock, ending, promise } = waiting();
  const inTime = isInTime(promise, 100, { clock, signal: ending.signal });
  await clock.advance(100);
  expect([await inTime, clock.pending]).toEqual([false, 0]);
});

test.each(['rejects', 'is aborted'])('what %s is neither', async (how) => {
  const { clock, ending, promise, reject } = waiting();
  const inTime = isInTime(promise, 100, { clock, signal: ending.signal });
  const reason = new Error('over');
  if (how === 'rejects') reject(reason);
  else ending.abort(reason);
  await expect(inTime).rejects.toBe(reason);
  expect(clock.pending).toBe(0);
});
