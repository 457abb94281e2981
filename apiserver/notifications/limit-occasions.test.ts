import { expect, test } from 'vitest';
import { effectiveLimits } from '#crds/plans/plans.ts';
import { limitOccasions, type MonthFigures } from './limit-occasions.ts';

const month = '2026-11';
const tenantID = 'd5c2b0f4-7d3e-4b6e-9a55-0d3c9c1f2a10';

function met(figures: Partial<MonthFigures>, limits: object = {}): string[] {
  const all = {
    tenantID,
    month,
    limits: effectiveLimits({ plan: 'Free', limits }),
    calls: 0,
    callSeconds: 0,
    apiRequests: 0,
    ...figures,
  };
  return limitOccasions(all).map(({ event, key }) => `${event} ${key}`);
}

// Free: 50 calls, 100 minutes, 1,000 requests.
test.each<[string, Partial<MonthFigures>, object, string[]]>([
  ['nothing below four fifths', { calls: 39, callSeconds: 79 * 60, apiRequests: 799 }, {}, []],
  ['near from four fifths on', { calls: 40 }, {}, ['LimitNear callsPerMonth/2026-11/50']],
  ['near until the last', { calls: 49 }, {}, ['LimitNear callsPerMonth/2026-11/50']],
  ['reached, and not near any more', { calls: 50 }, {}, ['LimitReached callsPerMonth/2026-11/50']],
  ['minutes that are begun', { callSeconds: 79 * 60 + 1 }, {}, ['LimitNear minutesPerMonth/2026-11/100']],
  ['requests', { apiRequests: 1_000 }, {}, ['LimitReached apiRequestsPerMonth/2026-11/1000']],
  [
    'the limit of a tenant instead of its plan’s',
    { calls: 50 },
    { callsPerMonth: 60 },
    ['LimitNear callsPerMonth/2026-11/60'],
  ],
  ['nothing of what is unlimited', { calls: 1e6 }, { callsPerMonth: 'Unlimited' }, []],
  ['nothing of what is forbidden', { calls: 0 }, { callsPerMonth: 0 }, []],
])('of a month’s figures is told: %s', (_, figures, limits, told) => {
  expect(met(figures, limits)).toEqual(told);
});
