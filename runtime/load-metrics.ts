import { Gauge, Histogram } from 'prom-client';
import type { Registry } from '#lib/metrics/registry.ts';

/** Measures how busy the pod's event loop is, and shows what the pod does about it. */
export function createLoadMetrics(registry: Registry) {
  const registers = [registry];
  return {
    eventLoopDelay: new Histogram({
      name: 'veralux_event_loop_delay_seconds',
      help: 'By how much a timer came late, twenty times a second.',
      buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.5, 1],
      registers,
    }),
    loadLevel: new Gauge({
      name: 'veralux_load_level',
      help: '0: normal. 1: the pod takes no new calls. 2: it also judges fewer frames and sends further ahead.',
      registers,
    }),
  };
}
