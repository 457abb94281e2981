import { expect, test, vi } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { Loop } from './loop.ts';

function create(step: (signal: AbortSignal) => Promise<number | undefined>, after?: Promise<unknown>) {
  const clock = new FakeClock();
  const fail = vi.fn();
  const loop = new Loop({ clock, step, ...(after === undefined ? {} : { after }) });
  return { clock, fail, loop };
}

test('a step is repeated after as long as it said, until the loop is stopped', async () => {
  const delays = [100, 50, 50];
  const step = vi.fn(async () => delays.shift() ?? 1_000);
  const { clock, fail, loop } = create(step);
  loop.start(fail);
  await clock.advance(150);
  expect(step).toHaveBeenCalledTimes(3);
  await loop.stop();
  await clock.advance(10_000);
  expect([step.mock.calls.length, clock.pending, fail.mock.calls.length]).toEqual([3, 0, 0]);
});

test('a loop that is done takes no further step, and can be stopped', async () => {
  const delays = [100, undefined];
  const step = vi.fn(async () => delays.shift());
  const { clock, fail, loop } = create(step);
  loop.start(fail);
  await clock.advance(10_000);
  expect([step.mock.calls.length, clock.pending, fail.mock.calls.length]).toEqual([2, 0, 0]);
  await loop.stop();
});

test('the first step waits for what it needs, and a loop that still waits can be stopped', async () => {
  const step = vi.fn(async () => 1_000);
  const needed = Promise.withResolvers<void>();
  const waiting = create(step, needed.promise);
  waiting.loop.start(waiting.fail);
  await waiting.clock.advance(5_000);
  expect(step).not.toHaveBeenCalled();
  needed.resolve();
  await waiting.clock.advance(0);
  expect(step).toHaveBeenCalledOnce();
  await waiting.loop.stop();

  const never = create(step, new Promise(() => {}));
  never.loop.start(never.fail);
  await never.loop.stop();
  expect(step).toHaveBeenCalledOnce();
});

test('what a step throws ends the loop and is reported', async () => {
  const step = vi.fn(() => Promise.reject(new Error('broken')));
  const { clock, fail, loop } = create(step);
  loop.start(fail);
  await clock.advance(10_000);
  expect(fail).toHaveBeenCalledExactlyOnceWith(new Error('broken'));
  expect(step).toHaveBeenCalledOnce();
  await loop.stop();
});

test('a step that is cut off by the stop is no failure, and is waited for', async () => {
  const { fail, loop } = create(
    (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
  );
  loop.start(fail);
  await loop.stop();
  expect(fail).not.toHaveBeenCalled();
});
