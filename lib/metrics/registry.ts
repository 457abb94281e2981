import { collectDefaultMetrics, Registry } from 'prom-client';

export type { Registry };

/**
 * A program's own metrics registry with the process's usual metrics (CPU, memory, event-loop
 * delay, garbage collection). Made in main.ts and passed in, so that tests have one each.
 */
export function createRegistry(program: string): Registry {
  const registry = new Registry();
  registry.setDefaultLabels({ program });
  collectDefaultMetrics({ register: registry });
  return registry;
}
