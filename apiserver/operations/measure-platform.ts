import { Gauge } from 'prom-client';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import { isUnavailable } from '../database/database-error.ts';
import type { PlatformSnapshot } from './platform-snapshot.ts';

export interface PlatformMetricsOptions {
  readonly registry: Registry;
  readonly readSnapshot: () => Promise<PlatformSnapshot>;
  readonly log: Logger;
}

type Sample = readonly [labels: Record<string, string>, value: number];

/**
 * Gauges of what the database says of the whole platform, read when the metrics are. While Postgres is away
 * they are absent rather than old.
 */
export function measurePlatform({ registry, readSnapshot, log }: PlatformMetricsOptions): void {
  const read = shared(() => readOrNothing(readSnapshot, log));
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    samplesOf: (snapshot: PlatformSnapshot) => readonly Sample[],
  ) =>
    new Gauge({
      name: `veralux_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      async collect() {
        const snapshot = await read();
        this.reset();
        // A reset gauge without labels is 0, which nobody said.
        if (labelNames.length === 0) this.remove();
        for (const [labels, value] of snapshot ? samplesOf(snapshot) : []) this.set(labels, value);
      },
    });
  gauge('tenants_total', 'Registered tenants.', [], ({ tenants }) => [[{}, tenants]]);
  gauge('subscriptions', 'Tenants by the status of their subscription.', ['status'], ({ subscriptions }) =>
    Object.entries(subscriptions).map(([status, value]) => [{ status }, value]),
  );
  gauge('tenant_calls_total', 'Answered calls of a tenant, of all months.', ['tenant'], ({ usage }) =>
    usage.map(({ tenant, calls }) => [{ tenant }, calls]),
  );
  gauge('tenant_call_minutes', 'Minutes of a tenant, of all months, as billed.', ['tenant'], ({ usage }) =>
    usage.map(({ tenant, minutes }) => [{ tenant }, minutes]),
  );
  gauge('snapshot_taken_at_seconds', 'When the figures of the platform were taken.', [], ({ takenAt }) => [
    [{}, takenAt.getTime() / 1_000],
  ]);
}

async function readOrNothing(
  readSnapshot: () => Promise<PlatformSnapshot>,
  log: Logger,
): Promise<PlatformSnapshot | undefined> {
  try {
    return await readSnapshot();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    log.warn({ err: error }, 'the metrics lack the figures of the database, which is away');
    return undefined;
  }
}

/** The gauges of one scrape are collected at once: all get what one read says. */
function shared<T>(read: () => Promise<T>): () => Promise<T> {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= read().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}
