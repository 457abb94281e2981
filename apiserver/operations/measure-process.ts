import { Gauge } from 'prom-client';
import type { Registry } from '#lib/metrics/registry.ts';

/** What this process takes, and since when it runs. */
export interface ProcessFigures {
  readonly uptimeSeconds: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
}

export function readProcess(): ProcessFigures {
  const { heapUsed, rss } = process.memoryUsage();
  return { uptimeSeconds: process.uptime(), heapBytes: heapUsed, rssBytes: rss };
}

/** Gauges of this process, read when the metrics are. */
export function measureProcess(registry: Registry): void {
  const gauge = (name: string, help: string, read: (figures: ProcessFigures) => number) =>
    new Gauge({
      name: `veralux_process_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read(readProcess()));
      },
    });
  gauge('heap_bytes', 'Heap that is in use.', ({ heapBytes }) => heapBytes);
  gauge('rss_bytes', 'Memory that the process has.', ({ rssBytes }) => rssBytes);
  gauge('uptime_seconds', 'How long the process has run.', ({ uptimeSeconds }) => uptimeSeconds);
}
