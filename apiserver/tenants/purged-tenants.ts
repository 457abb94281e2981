import { ADVISORY_LOCKS } from '../database/advisory-locks.ts';
import type { PoolClient } from '../database/database.ts';

/** What is known of an id whose rows were purged. */
export interface Purge {
  /** Of the Tenant that it was purged with; undefined where another Tenant has the id by now. */
  readonly resourceUID: string | undefined;
  /** What occurred until then is of the purged one. */
  readonly at: Date;
}

export type PurgedTenants = ReadonlyMap<string, Purge>;

/**
 * Which of these tenants were purged. Until the end of the transaction no further one is: what it writes of
 * the others was written before their purge begins, and goes with it.
 */
export async function readPurged(client: PoolClient, tenantIDs: readonly string[]): Promise<PurgedTenants> {
  // A statement of its own: the next one sees what was committed while this one waited.
  await client.query('SELECT pg_advisory_xact_lock_shared($1)', [ADVISORY_LOCKS.purge]);
  const { rows } = await client.query<{ tenant_id: string; resource_uid: string | null; purged_at: Date }>(
    `SELECT tenant_id, NULL AS resource_uid, purged_at FROM tenants
      WHERE tenant_id = ANY($1) AND purged_at IS NOT NULL
     UNION ALL
     SELECT tenant_id, resource_uid, purged_at FROM purged_tenants WHERE tenant_id = ANY($1)`,
    [tenantIDs],
  );
  return new Map(
    rows.map((row) => [row.tenant_id, { resourceUID: row.resource_uid ?? undefined, at: row.purged_at }]),
  );
}

/** Whether what is told of a tenant is of one that was purged: also late, when another Tenant has its id. */
export function isOfPurged(
  purged: PurgedTenants,
  { tenantID, occurredAt }: { readonly tenantID: string; readonly occurredAt: string },
): boolean {
  const purge = purged.get(tenantID);
  if (purge === undefined) return false;
  return purge.resourceUID !== undefined || Date.parse(occurredAt) <= purge.at.getTime();
}

/** Keeps others from writing rows of tenants until the end of the transaction, which should be a short one. */
export async function lockPurges(client: PoolClient): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.purge]);
}

/** From the commit on nothing brings this tenant back but another Tenant. Needs `lockPurges`. */
export async function buryTenant(client: PoolClient, tenantID: string, resourceUID: string): Promise<void> {
  await client.query(
    `INSERT INTO purged_tenants (tenant_id, resource_uid) VALUES ($1, $2)
     ON CONFLICT (tenant_id) DO UPDATE SET resource_uid = excluded.resource_uid, purged_at = now()`,
    [tenantID, resourceUID],
  );
}

/** Other Tenants have these ids now, and rows: what is told of them from their purge on is theirs. */
export async function unearthTenants(client: PoolClient, tenantIDs: readonly string[]): Promise<void> {
  if (tenantIDs.length === 0) return;
  await client.query(
    `WITH unearthed AS (DELETE FROM purged_tenants WHERE tenant_id = ANY($1) RETURNING tenant_id, purged_at)
     UPDATE tenants t SET purged_at = u.purged_at FROM unearthed u WHERE t.tenant_id = u.tenant_id`,
    [tenantIDs],
  );
}
