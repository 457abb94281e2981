import { Gauge } from 'prom-client';
import type { Registry } from '#lib/metrics/registry.ts';
import type { Database } from '../database/database.ts';

/** Gauges of the connection pools, read when the metrics are. */
export function measureDatabase(
  registry: Registry,
  pools: Readonly<Record<'app' | 'worker', Database>>,
): void {
  const gauge = (state: 'total' | 'idle' | 'waiting', help: string) =>
    new Gauge({
      name: `veralux_db_pool_${state}`,
      help,
      labelNames: ['role'],
      registers: [registry],
      collect() {
        for (const [role, database] of Object.entries(pools)) this.set({ role }, database.counts[state]);
      },
    });
  gauge('total', 'Open connections to Postgres.');
  gauge('idle', 'Connections to Postgres that nobody uses at the moment.');
  gauge('waiting', 'Requests that wait for a connection to Postgres.');
}
