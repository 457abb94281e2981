import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { STAFF } from '../http/access.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { type HealthDeps, readinessOf, readinessSchema } from './health.ts';
import { readProcess } from './measure-process.ts';
import type { PlatformSnapshot } from './platform-snapshot.ts';

export interface SystemHealthDeps extends HealthDeps {
  readonly pools: Readonly<Record<'app' | 'worker', Pick<Database, 'counts'>>>;
  readonly readSnapshot: () => Promise<PlatformSnapshot>;
}

const count = z.number().int();
const poolSchema = z.strictObject({
  total: count.describe('Open connections.'),
  idle: count,
  waiting: count.describe('Requests that wait for a connection.'),
});

const systemHealthSchema = z.strictObject({
  status: z.enum(['ok', 'degraded']).describe('degraded: not ready, or something is stale.'),
  uptimeSeconds: z.number().describe('Of the replica that answers.'),
  memory: z.strictObject({ heapBytes: count, rssBytes: count }),
  database: z.strictObject({ app: poolSchema, worker: poolSchema }),
  tenants: z.strictObject({
    total: count,
    subscriptions: z.record(z.string(), count).describe('Tenants by the status of their subscription.'),
    asOf: z.iso.datetime().describe('When they were counted; the same on every replica.'),
  }),
  readiness: readinessSchema,
});

/** `GET /api/admin/system/health`: how this replica is, and how many tenants there are. */
export function systemHealthRoute(deps: SystemHealthDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/system/health',
    operationID: 'readSystemHealth',
    summary: 'Read how the platform is: memory, connections, dependencies, tenants.',
    access: STAFF,
    replies: { 200: { description: 'How it is.', schema: systemHealthSchema } },
    handle: async () => {
      const { tenants: total, subscriptions, takenAt } = await deps.readSnapshot();
      const readiness = readinessOf(deps);
      const { uptimeSeconds, ...memory } = readProcess();
      const isWhole = readiness.ready && Object.values(readiness.checks).every(({ state }) => state === 'Up');
      const body = {
        status: isWhole ? ('ok' as const) : ('degraded' as const),
        uptimeSeconds,
        memory,
        database: { app: deps.pools.app.counts, worker: deps.pools.worker.counts },
        tenants: { total, subscriptions, asOf: takenAt.toISOString() },
        readiness,
      };
      return { status: 200, body } as const;
    },
  });
}
