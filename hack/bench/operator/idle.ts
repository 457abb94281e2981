/** What an operator costs that has nothing to do, watched for some minutes and scaled to an hour. */
import { systemClock } from '#lib/clock/clock.ts';
import { type BenchOutcome, whole } from '../bench-outcome.ts';
import type { BenchContext } from './bench-context.ts';

const HOUR_SECONDS = 3_600;

export async function idleBench({ populated, config, say }: BenchContext): Promise<BenchOutcome> {
  const site = await populated();
  await site.quiet();
  const { operator } = site;
  const look = async () => {
    const metrics = await operator.metrics();
    return {
      requests: metrics.sum('rest_client_requests_total'),
      writes: metrics.sum('rest_client_requests_total', ({ method }) => method !== 'GET'),
      reconciles: metrics.sum('controller_runtime_reconcile_total'),
      cpuSeconds: operator.usage().cpuSeconds,
    };
  };
  say(`idle for ${config.IDLE_SECONDS} s`);
  const before = await look();
  await systemClock.sleep(config.IDLE_SECONDS * 1_000);
  const after = await look();
  const scale = HOUR_SECONDS / config.IDLE_SECONDS;
  const anHour = {
    requests: (after.requests - before.requests) * scale,
    writes: (after.writes - before.writes) * scale,
    reconciles: (after.reconciles - before.reconciles) * scale,
    cpuSeconds: (after.cpuSeconds - before.cpuSeconds) * scale,
  };
  return {
    rows: [
      {
        what: `an idle hour with ${whole(config.TENANTS)} Tenants (${config.IDLE_SECONDS} s, scaled)`,
        measured:
          `${whole(anHour.requests)} requests, ${whole(anHour.writes)} of them writes (the Lease's), ` +
          `${whole(anHour.cpuSeconds)} s of CPU, ${whole(anHour.reconciles)} reconciles`,
      },
    ],
    figures: { before, after, anHour },
  };
}
