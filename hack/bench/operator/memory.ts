/** The operator's memory: at its most while it brings everything up, and when nothing happens any more. */
import { systemClock } from '#lib/clock/clock.ts';
import { type BenchOutcome, whole } from '../bench-outcome.ts';
import type { BenchContext } from './bench-context.ts';
import type { OperatorProcess } from './operator-process.ts';

const TARGET_MB = 250;
const SOON_SECONDS = 60;

export async function memoryBench({ populated, config, say }: BenchContext): Promise<BenchOutcome> {
  const { operator } = await populated();
  const { QUIET_SECONDS, OPERATOR_FLAGS, TENANTS } = config;
  const soonSeconds = Math.min(SOON_SECONDS, QUIET_SECONDS);
  say(`memory, after ${soonSeconds} and ${QUIET_SECONDS} s without work`);
  await systemClock.sleep(soonSeconds * 1_000);
  const soon = await memoryOf(operator);
  await systemClock.sleep((QUIET_SECONDS - soonSeconds) * 1_000);
  const steady = await memoryOf(operator);
  return {
    rows: [
      {
        what: `RSS with ${whole(TENANTS)} Tenants of 8 KB, ${QUIET_SECONDS} s after the work is done`,
        target: `≤ ${TARGET_MB} MB`,
        measured: described(steady),
        isMet: steady.rssMB <= TARGET_MB,
      },
      {
        what: `RSS ${soonSeconds} s after it, when V8 has not given back yet what is free`,
        measured: described(soon),
      },
      {
        what: `RSS at its peak, cold start included (Node.js flags: ${OPERATOR_FLAGS})`,
        measured: `${whole(steady.peakRSSMB)} MB`,
      },
    ],
    figures: { soon, steady },
  };
}

type Memory = Awaited<ReturnType<typeof memoryOf>>;

async function memoryOf(operator: OperatorProcess) {
  const metrics = await operator.metrics();
  const megabytes = (name: string) => metrics.sum(name) / 1e6;
  return {
    ...operator.usage(),
    heapUsedMB: megabytes('nodejs_heap_size_used_bytes'),
    heapTotalMB: megabytes('nodejs_heap_size_total_bytes'),
    externalMB: megabytes('nodejs_external_memory_bytes'),
  };
}

function described({ rssMB, heapUsedMB, heapTotalMB, externalMB }: Memory): string {
  const heap = `V8 heap ${whole(heapUsedMB)} of ${whole(heapTotalMB)} MB`;
  return `${whole(rssMB)} MB (${heap}, external ${whole(externalMB)} MB)`;
}
