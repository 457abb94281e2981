import { type EffectiveLimits, effectiveLimitsSchema } from '#crds/plans/plans.ts';
import type { PoolClient } from '../database/database.ts';
import type { MonthlyLimit, Occasion } from './occasion.ts';

/**
 * From this share of a limit on, a tenant is told that it is near. Our own choice: at an even pace a fifth of the month,
 * six days, is left to change the plan or the limit.
 */
const NEAR_SHARE = 0.8;

/** What a tenant has used in a month, as `usage_counters` has it. */
export interface MonthFigures {
  readonly tenantID: string;
  readonly month: string;
  readonly limits: EffectiveLimits;
  readonly calls: number;
  readonly callSeconds: number;
  readonly apiRequests: number;
}

/**
 * The limits of a month that are near or reached. The height of a limit is part of the occasion, so that whoever has
 * theirs raised is told of the new one; one that is 0 is no limit that one comes near to.
 */
export function limitOccasions({ tenantID, month, limits, ...used }: MonthFigures): Occasion[] {
  const amounts = {
    callsPerMonth: used.calls,
    minutesPerMonth: Math.ceil(used.callSeconds / 60),
    apiRequestsPerMonth: used.apiRequests,
  } as const satisfies Record<MonthlyLimit['name'], number>;
  return (Object.keys(amounts) as MonthlyLimit['name'][]).flatMap((name): Occasion[] => {
    const allowed = limits[name];
    if (allowed === null || allowed === 0 || amounts[name] < allowed * NEAR_SHARE) return [];
    const event = amounts[name] < allowed ? 'LimitNear' : 'LimitReached';
    return [{ tenantID, event, key: `${name}/${month}/${allowed}`, limit: { name, allowed, month } }];
  });
}

/** The figures of the current UTC month of these tenants, as far as their limits are known. */
export async function readMonthFigures(
  client: PoolClient,
  tenantIDs: readonly string[],
): Promise<MonthFigures[]> {
  const { rows } = await client.query<{
    tenant_id: string;
    month: string;
    limits: unknown;
    used: Readonly<Record<string, number>>;
  }>(
    `SELECT t.tenant_id, c.month, t.limits, jsonb_object_agg(c.metric, c.quantity) AS used
       FROM tenants t JOIN usage_counters c USING (tenant_id)
      WHERE t.tenant_id = ANY($1) AND c.month = to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM')
      GROUP BY t.tenant_id, c.month`,
    [tenantIDs],
  );
  return rows.flatMap((row) => {
    const limits = effectiveLimitsSchema.safeParse(row.limits);
    if (!limits.success) return [];
    const used = (metric: string) => row.used[metric] ?? 0;
    return [
      {
        tenantID: row.tenant_id,
        month: row.month,
        limits: limits.data,
        calls: used('call_count'),
        callSeconds: used('call_seconds'),
        apiRequests: used('api_requests'),
      },
    ];
  });
}
