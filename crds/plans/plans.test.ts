import { describe, expect, test } from 'vitest';
import { effectiveLimits, PLAN_LIMITS, type Plan } from './plans.ts';

describe('plans', () => {
  test.each<[Plan, (number | null)[]]>([
    ['Free', [50, 100, 1_000, 1, 2]],
    ['Starter', [500, 1_000, 10_000, 2, 5]],
    ['Professional', [5_000, 10_000, 100_000, 5, 20]],
    ['Enterprise', [null, null, null, null, null]],
    ['OnPrem', [null, null, null, null, null]],
  ])('%s allows what the price list says', (plan, expected) => {
    const limits = PLAN_LIMITS[plan];
    expect([
      limits.callsPerMonth,
      limits.minutesPerMonth,
      limits.apiRequestsPerMonth,
      limits.phoneNumbers,
      limits.concurrentCalls,
    ]).toEqual(expected);
  });

  test('an override replaces one limit and leaves the others to the plan', () => {
    expect(effectiveLimits({ plan: 'Free', limits: { callsPerMonth: 70 } })).toEqual({
      ...PLAN_LIMITS.Free,
      callsPerMonth: 70,
    });
  });

  test('Unlimited lifts a limit, 0 forbids, and a limit can be put on an unlimited plan', () => {
    const limits = effectiveLimits({
      plan: 'OnPrem',
      limits: { concurrentCalls: 4, callsPerMonth: 0, minutesPerMonth: 'Unlimited' },
    });
    expect(limits).toMatchObject({ concurrentCalls: 4, callsPerMonth: 0, minutesPerMonth: null });
  });

  test('transfer countries are passed on only where they are given', () => {
    expect(effectiveLimits({ plan: 'Free' })).not.toHaveProperty('transferCountries');
    expect(
      effectiveLimits({ plan: 'Free', limits: { transferCountries: ['US'] } }).transferCountries,
    ).toEqual(['US']);
  });
});
