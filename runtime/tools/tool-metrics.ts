import { Histogram } from 'prom-client';
import type { Registry } from '#lib/metrics/registry.ts';
import type { ToolObserver } from './tool-runner.ts';

/** Measures every call of a tenant's tool by how it ended; whose tool it was is in the log. */
export function createToolObserver(registry: Registry): ToolObserver {
  const seconds = new Histogram({
    name: 'veralux_tool_call_seconds',
    help: "Calls of tenants' tools: ok, refused (nothing was sent), timedOut or failed.",
    labelNames: ['outcome'],
    buckets: [0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    registers: [registry],
  });
  return { finished: (outcome, ms) => seconds.observe({ outcome }, ms / 1_000) };
}
