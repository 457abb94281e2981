/** The operator's memory: at its most while it brings everything up, and when nothing happens any more. */
import { systemClock } from '#lib/clock/clock.ts';
import { type BenchOutcome, whole } from '../bench-outcome.ts';
import type { BenchContext } from './bench-context.ts';

const TARGET_MB = 250;

export async function memoryBench({ populated, config, say }: BenchContext): Promise<BenchOutcome> {
  const { operator } = await populated();
  say(`memory, after ${config.QUIET_SECONDS} s without work`);
  await systemClock.sleep(config.QUIET_SECONDS * 1_000);
  const usage = operator.usage();
  const metrics = await operator.metrics();
  const megabytes = (name: string) => metrics.sum(name) / 1e6;
  const heap = {
    usedMB: megabytes('nodejs_heap_size_used_bytes'),
    totalMB: megabytes('nodejs_heap_size_total_bytes'),
    externalMB: megabytes('nodejs_external_memory_bytes'),
  };
  return {
    rows: [
      {
        what: `RSS with ${whole(config.TENANTS)} Tenants of 8 KB, ${config.QUIET_SECONDS} s after the work is done`,
        target: `≤ ${TARGET_MB} MB`,
        measured:
          `${whole(usage.rssMB)} MB (V8 heap ${whole(heap.usedMB)} of ${whole(heap.totalMB)} MB, ` +
          `external ${whole(heap.externalMB)} MB)`,
        isMet: usage.rssMB <= TARGET_MB,
      },
      {
        what: `RSS at its peak, cold start included (Node.js flags: ${config.OPERATOR_FLAGS})`,
        measured: `${whole(usage.peakRSSMB)} MB`,
      },
    ],
    figures: { ...usage, heap },
  };
}
