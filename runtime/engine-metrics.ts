import { Counter, Histogram } from 'prom-client';
import type { Registry } from '#lib/metrics/registry.ts';
import type { EngineObserver } from './engines/engine-client.ts';

/** Measures every request to an engine. Labels: the engine's kind and name, and how it ended. */
export function createEngineObserver(registry: Registry): EngineObserver {
  const registers = [registry];
  const seconds = new Histogram({
    name: 'veralux_engine_first_byte_seconds',
    help: "From a request to the first bytes of the engine's answer.",
    labelNames: ['engine'],
    buckets: [0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 2, 5, 10],
    registers,
  });
  const requests = new Counter({
    name: 'veralux_engine_requests_total',
    help: 'Requests to engines by how they ended.',
    labelNames: ['engine', 'outcome'],
    registers,
  });
  return {
    answered: (engine, ms) => seconds.observe({ engine }, ms / 1_000),
    finished: (engine, outcome) => requests.inc({ engine, outcome }),
  };
}
