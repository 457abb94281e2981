import { isDeepStrictEqual } from 'node:util';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { profileOf } from '#crds/projection/tenant-profile.ts';
import { tenantSchema } from '#crds/tenant/tenant.ts';
import { LocalError } from '#hack/local/local-error.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import type { Samples } from '../prometheus-text.ts';
import { benchTenant, benchTenantName } from './bench-tenant.ts';
import type { Site } from './site.ts';

/** Read at once. */
const BATCH = 500;

/** Throws unless Redis holds the profile of each of so many Tenants: Ready is what the operator says of itself. */
export async function assertProjected({ redisURL }: Pick<Site, 'redisURL'>, tenants: number): Promise<void> {
  const redis = await connectRedis({ url: redisURL, name: 'bench', log: silentLogger });
  try {
    const wrong: string[] = [];
    for (let from = 0; from < tenants; from += BATCH) {
      const count = Math.min(BATCH, tenants - from);
      const names = Array.from({ length: count }, (_, index) => benchTenantName(from + index));
      const areRight = await Promise.all(names.map((name) => isProjected(redis, name)));
      wrong.push(...names.filter((_, index) => areRight[index] === false));
    }
    if (wrong.length === 0) return;
    const message = `Redis does not hold the profiles of ${wrong.length} of ${tenants} Tenants: ${wrong.slice(0, 5).join(', ')}.`;
    throw new LocalError('not_projected', message);
  } finally {
    await disconnectRedis(redis);
  }
}

async function isProjected(redis: Redis, name: string): Promise<boolean> {
  const manifest = benchTenant(name);
  const { tenantID } = manifest.spec;
  const text = await redis.hget(projectionKeys.tenant(tenantID), PROJECTED_FIELDS.value);
  const wanted: unknown = JSON.parse(JSON.stringify(profileOf(tenantSchema.parse(manifest), tenantID)));
  return text !== null && isDeepStrictEqual(JSON.parse(text), wanted);
}

/**
 * How many keys full passes found wrong until now. What they found missing counts only with `countMissing`:
 * the first pass into an empty Redis takes part in filling it.
 */
export function driftIn(metrics: Samples, { countMissing }: { readonly countMissing: boolean }): number {
  return metrics.sum('veralux_projection_drift_total', ({ kind }) => countMissing || kind !== 'missing');
}

/** Throws where a full pass had something to repair although nobody touched Redis. */
export function assertNoDrift(count: number): void {
  if (count === 0) return;
  throw new LocalError('projection_drifted', `Full passes found ${count} keys of the projection wrong.`);
}
