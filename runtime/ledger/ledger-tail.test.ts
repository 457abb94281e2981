import { expect, test } from 'vitest';
import { createRegistry } from '#lib/metrics/registry.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { LedgerTail } from './ledger-tail.ts';

const ref = { tenantID: 't', callID: 'c' };
const event = (id: string) => ({ ref, id, text: 'x'.repeat(100) });

function tailOf(maxCharacters?: number) {
  const registry = createRegistry('test');
  const tail = new LedgerTail(createRuntimeMetrics(registry), maxCharacters);
  const metric = async (name: string) =>
    (await registry.getMetricsAsJSON()).find((it) => it.name === name)?.values[0]?.value;
  return { tail, metric };
}

test('events go with the committed id of their shard, and no other', () => {
  const { tail } = tailOf();
  tail.keep('s00', event('a'), '10-0');
  tail.keep('s00', event('b'), '10-1');
  tail.keep('s01', event('c'), '10-0');
  tail.committed('s00', '10-0');
  expect(tail.lost('s00').map(({ id }) => id)).toEqual(['b']);
  expect(tail.lost('s01').map(({ id }) => id)).toEqual(['c']);
  tail.committed('s00', '11-0');
  expect([...tail.shards()]).toEqual(['s01']);
});

test('an event that was appended again is held by its new id', () => {
  const { tail } = tailOf();
  tail.keep('s00', event('a'), '10-0');
  expect(tail.newestID('s00')).toBe('10-0');
  tail.lost('s00');
  expect(tail.newestID('s00')).toBe('0-0');
  tail.keep('s00', event('a'), '5-0');
  tail.committed('s00', '4-0');
  expect(tail.lost('s00')).toHaveLength(1);
  tail.committed('s00', '5-0');
  expect(tail.lost('s00')).toHaveLength(0);
});

test('at its bound the oldest of all shards are given up, and counted', async () => {
  const { tail, metric } = tailOf(350);
  tail.keep('s01', event('a'), '10-0');
  tail.keep('s00', event('b'), '9-0');
  tail.keep('s00', event('c'), '11-0');
  tail.keep('s00', event('d'), '12-0');
  tail.keep('s00', event('e'), '13-0');
  expect(tail.lost('s00').map(({ id }) => id)).toEqual(['c', 'd', 'e']);
  expect(tail.lost('s01')).toEqual([]);
  expect(await metric('veralux_ledger_tail_events')).toBe(3);
  expect(await metric('veralux_ledger_tail_dropped_events_total')).toBe(2);
});
