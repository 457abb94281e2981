import { expect, test } from 'vitest';
import { runSteps } from './replay.ts';

function stepsOf(...after: number[][]) {
  const steps = after.map((earlier, index) => ({
    index,
    request: { after: earlier },
    followers: after.flatMap((list, other) => (list.includes(index) ? [other] : [])),
    waitsFor: earlier.length,
  }));
  return steps;
}

test('every step runs once, after all those that it comes after, and no more at once than allowed', async () => {
  const steps = stepsOf([], [], [0], [0], [2, 3], [1], []);
  const ended: number[] = [];
  let running = 0;
  let most = 0;
  await runSteps(steps, 2, async ({ index, request }) => {
    running += 1;
    most = Math.max(most, running);
    expect(request.after.every((earlier) => ended.includes(earlier))).toBe(true);
    await Promise.resolve();
    running -= 1;
    ended.push(index);
  });
  expect(ended.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(most).toBe(2);
});

test('a tenant that is under way goes before the next one', async () => {
  const order: number[] = [];
  await runSteps(stepsOf([], [0], [1], []), 1, async ({ index }) => {
    order.push(index);
  });
  expect(order).toEqual([0, 1, 2, 3]);
});

test('a failure ends the run', async () => {
  const run = runSteps(stepsOf([], [0]), 1, async () => {
    throw new Error('the server is gone');
  });
  await expect(run).rejects.toThrow('the server is gone');
});
