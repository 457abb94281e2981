import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createEngineObserver } from './engine-metrics.ts';
import { createLoadMetrics } from './load-metrics.ts';
import { createMediaMetrics } from './media-metrics.ts';
import { createRuntimeMetrics } from './runtime-metrics.ts';
import { createToolObserver } from './tools/tool-metrics.ts';

const README = readFileSync(new URL('README.md', import.meta.url), 'utf8');
const ROW = /^\| `(?<name>veralux_[a-z_]+)` \| (?<labels>[^|]*)\|/gm;

test('the README has every metric, with its labels, and no other', () => {
  const registry = new Registry();
  createRuntimeMetrics(registry);
  createMediaMetrics(registry, () => undefined);
  createEngineObserver(registry);
  createLoadMetrics(registry);
  createToolObserver(registry);
  const measured = registry.getMetricsAsArray().map((metric) => [metric.name, labelsOf(metric)]);
  const told = [...README.matchAll(ROW)].map(({ groups }) => [
    groups?.['name'],
    groups?.['labels']?.match(/[a-z]+/g)?.join(' ') ?? '',
  ]);
  expect(Object.fromEntries(told)).toEqual(Object.fromEntries(measured));
});

function labelsOf(metric: object): string {
  return 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames.join(' ') : '';
}
