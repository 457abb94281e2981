import { expect, test } from 'vitest';
import { type Condition, isTrue, mergeConditions } from './conditions.ts';

const before: readonly Condition[] = [
  {
    type: 'Ready',
    status: 'False',
    reason: 'Failed',
    message: 'no',
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration: 1,
  },
  { type: 'Other', status: 'True', reason: 'Set', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' },
];
const at = { nowMs: Date.UTC(2026, 5, 1), generation: 2 };

test('a condition whose status stays keeps its time, whatever its reason', () => {
  const verdict = { type: 'Ready', status: 'False', reason: 'Progressing', message: 'soon' } as const;
  expect(mergeConditions(before, [verdict], at)[0]).toEqual({
    ...verdict,
    lastTransitionTime: '2026-01-01T00:00:00Z',
    observedGeneration: 2,
  });
});

test('a condition whose status changes gets the time of the change, without fractions of a second', () => {
  const verdict = { type: 'Ready', status: 'True', reason: 'Ready', message: '' } as const;
  expect(mergeConditions(before, [verdict], at)[0]?.lastTransitionTime).toBe('2026-06-01T00:00:00Z');
});

test('conditions of others stay as they are', () => {
  expect(mergeConditions(before, [], at)).toEqual(before);
  const verdict = { type: 'New', status: 'True', reason: 'New', message: '' } as const;
  expect(mergeConditions(before, [verdict], at).map(({ type }) => type)).toEqual(['New', 'Ready', 'Other']);
});

test('a message longer than the API server takes is cut', () => {
  const verdict = { type: 'Ready', status: 'False', reason: 'Failed', message: 'x'.repeat(40_000) } as const;
  expect(mergeConditions([], [verdict], at)[0]?.message).toHaveLength(32_768);
});

test('only True is true', () => {
  expect([
    isTrue(before, 'Other'),
    isTrue(before, 'Ready'),
    isTrue(before, 'None'),
    isTrue(undefined, 'Ready'),
  ]).toEqual([true, false, false, false]);
});
