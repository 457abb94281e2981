import { Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { PlainHistogram } from './plain-histogram.ts';

const buckets = [0.002, 0.05, 1, 2];
const described = { name: 'veralux_test_seconds', help: 'Seconds.' } as const;

test('a page shows what it counted as it shows it of a histogram of the library', async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  for (const registry of [ours, theirs]) registry.setDefaultLabels({ program: 'test' });
  const plain = new PlainHistogram({ ...described, buckets, registry: ours });
  const usual = new Histogram({ ...described, buckets, registers: [theirs] });
  usual.zero({});
  expect(await ours.metrics()).toBe(await theirs.metrics());
  for (const value of [0, 0.002, 0.0021, 0.05, 0.4, 1, 2, 2.5, 100]) {
    plain.observe(value);
    usual.observe(value);
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
});

test('what is no number is refused, as there', () => {
  const plain = new PlainHistogram({ ...described, buckets, registry: new Registry() });
  expect(() => plain.observe(Number.NaN)).toThrow(TypeError);
});
