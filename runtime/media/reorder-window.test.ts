import { describe, expect, test } from 'vitest';
import { ReorderWindow } from './reorder-window.ts';

function ordered(numbers: readonly number[], width = 3): number[] {
  const window = new ReorderWindow<number>(width);
  return numbers.flatMap((number) => window.push(number, number));
}

describe('the reordering window', () => {
  test.each([
    ['in order', [1, 2, 3], [1, 2, 3]],
    ['two swapped', [1, 3, 2, 4], [1, 2, 3, 4]],
    ['three late', [1, 3, 4, 2, 5], [1, 2, 3, 4, 5]],
    ['repeated', [1, 1, 2, 2, 3], [1, 2, 3]],
    ['one missing is given up when four wait', [1, 3, 4, 5, 6, 7], [1, 3, 4, 5, 6, 7]],
    ['what was given up is late', [1, 3, 4, 5, 6, 2, 7], [1, 3, 4, 5, 6, 7]],
    ['a wild number is dropped', [1, 2, 1_000_000, 3, 4], [1, 2, 3, 4]],
    ['a new numbering is followed', [9_000, 9_001, 1, 2, 3, 4, 5], [9_000, 9_001, 4, 5]],
  ])('%s', (_, numbers, result) => {
    expect(ordered(numbers)).toEqual(result);
  });

  test('counts what was lost and what was dropped', () => {
    const window = new ReorderWindow<number>(1);
    for (const number of [1, 2, 2, 5, 6, 3]) window.push(number, number);
    expect([window.lost, window.dropped]).toEqual([2, 2]);
  });
});
