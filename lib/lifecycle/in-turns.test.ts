import { expect, test } from 'vitest';
import { inTurns } from './in-turns.ts';

/** How many items each turn of the event loop saw. */
function countTurns() {
  const turns: number[] = [0];
  const next = () => {
    turns.push(0);
    immediate = setImmediate(next);
  };
  let immediate = setImmediate(next);
  return {
    turns,
    visit: () => turns.push((turns.pop() ?? 0) + 1),
    stop: () => clearImmediate(immediate),
  };
}

test('many items are visited in their order, and others have their turn between them', async () => {
  const { turns, visit, stop } = countTurns();
  const items = Array.from({ length: 1_000 }, (_, index) => index);
  const visited: number[] = [];
  await inTurns(items, (item) => {
    visit();
    visited.push(item);
  });
  stop();
  expect(visited).toEqual(items);
  expect(Math.max(...turns)).toBeLessThanOrEqual(50);
});

test('an abort ends it at the next turn', async () => {
  const ending = new AbortController();
  const visited: number[] = [];
  const items = Array.from({ length: 1_000 }, (_, index) => index);
  await inTurns(
    items,
    (item) => {
      visited.push(item);
      ending.abort();
    },
    ending.signal,
  );
  expect(visited.length).toBeLessThan(100);
});
