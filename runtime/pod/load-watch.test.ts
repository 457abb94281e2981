import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { LoadWatch } from './load-watch.ts';

const BUSY = 0.96;
const OVERLOADED = 0.99;

async function watched() {
  const clock = new FakeClock();
  let utilization = 0.3;
  const levels: number[] = [];
  let changes = 0;
  const watch = new LoadWatch({
    clock,
    utilization: () => utilization,
    metrics: {
      eventLoopDelay: { observe: () => {} },
      loadLevel: { set: (level: unknown) => levels.push(Number(level)) },
    },
    onChange: () => {
      changes += 1;
    },
    log: silentLogger,
  });
  await watch.start();
  return {
    clock,
    watch,
    changes: () => changes,
    levels,
    seconds: async (count: number, load: number) => {
      utilization = load;
      for (let second = 0; second < count; second++) await clock.advance(1_000);
    },
  };
}

test('two busy seconds end new calls, and two more the work that callers do not hear', async () => {
  const { watch, seconds, levels } = await watched();
  await seconds(1, OVERLOADED);
  expect(watch.takesCalls).toBe(true);
  await seconds(1, OVERLOADED);
  expect([watch.takesCalls, watch.strained]).toEqual([false, false]);
  await seconds(2, OVERLOADED);
  expect([watch.takesCalls, watch.strained]).toEqual([false, true]);
  expect(levels).toEqual([1, 2]);
  await watch.stop();
});

test('one busy second changes nothing, nor does one that is only a little calmer', async () => {
  const { watch, seconds } = await watched();
  for (let turn = 0; turn < 5; turn++) {
    await seconds(1, BUSY);
    await seconds(1, 0.5);
  }
  expect(watch.level).toBe('Normal');
  await seconds(2, BUSY);
  await seconds(20, 0.9);
  expect(watch.level).toBe('Full');
  await watch.stop();
});

test('a calm pod takes its levels back one by one, says so each time, and its timers end with it', async () => {
  const { watch, seconds, changes, clock } = await watched();
  await seconds(4, OVERLOADED);
  await seconds(5, 0.2);
  expect(watch.level).toBe('Full');
  await seconds(5, 0.2);
  expect(watch.level).toBe('Normal');
  expect(changes()).toBe(4);
  await watch.stop();
  expect(clock.pending).toBe(0);
});

test('frames that are judged late count like a busy loop', async () => {
  const { watch, clock } = await watched();
  for (let second = 0; second < 2; second++) {
    watch.frameJudged(60);
    watch.frameJudged(40);
    await clock.advance(1_000);
  }
  expect(watch.level).toBe('Full');
  await watch.stop();
});
