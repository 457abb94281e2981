import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type UsageQuantity, usageDifference } from './usage-difference.ts';

const quantity: fc.Arbitrary<UsageQuantity> = fc.record({
  tenant_id: fc.constantFrom('t1', 't2'),
  event_id: fc.constantFrom('a', 'b', 'c'),
  metric: fc.constantFrom('call_count', 'call_seconds'),
  quantity: fc.nat(10_000),
  month: fc.constantFrom('2026-01', '2026-02'),
});

const key = (row: { tenant_id: string; month: string; metric: string }) =>
  `${row.tenant_id}/${row.month}/${row.metric}`;

function sums(rows: readonly Omit<UsageQuantity, 'event_id'>[]): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const row of rows) totals[key(row)] = (totals[key(row)] ?? 0) + row.quantity;
  return Object.fromEntries(
    Object.entries(totals)
      .filter(([, total]) => total !== 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

test('counters plus the difference are the sums of what is there now', () => {
  fc.assert(
    fc.property(fc.array(quantity), fc.array(quantity), (before, now) => {
      const counters = Object.entries(sums(before)).map(([name, total]) => {
        const [tenant_id = '', month = '', metric = ''] = name.split('/');
        return { tenant_id, month, metric, quantity: total };
      });
      expect(sums([...counters, ...usageDifference(before, now)])).toEqual(sums(now));
    }),
  );
});

test('each counter is changed once, in one order', () => {
  fc.assert(
    fc.property(fc.array(quantity), fc.array(quantity), (before, now) => {
      const keys = usageDifference(before, now).map(key);
      expect(keys).toEqual([...new Set(keys)].sort());
    }),
  );
});
