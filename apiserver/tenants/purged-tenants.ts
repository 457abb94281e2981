import type { PoolClient } from '../database/database.ts';

/** Any constant will do; held shared by who may write rows of tenants, and alone by who buries one. */
const PURGE_LOCK = 7_203_141_594;

/** By id, the uid of the Tenant that each of these ids was purged with. */
export type PurgedTenants = ReadonlyMap<string, string>;

/**
 * Which of these tenants are purged. Until the end of the transaction no further one is: what it writes of
 * the others was written before their purge begins, and goes with it.
 */
export async function readPurged(client: PoolClient, tenantIDs: readonly string[]): Promise<PurgedTenants> {
  // A statement of its own: the next one sees what was committed while this one waited.
  await client.query('SELECT pg_advisory_xact_lock_shared($1)', [PURGE_LOCK]);
  const { rows } = await client.query<{ tenant_id: string; resource_uid: string }>(
    'SELECT tenant_id, resource_uid FROM purged_tenants WHERE tenant_id = ANY($1)',
    [tenantIDs],
  );
  return new Map(rows.map((row) => [row.tenant_id, row.resource_uid]));
}

/** Keeps others from writing rows of tenants until the end of the transaction, which should be a short one. */
export async function lockPurges(client: PoolClient): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock($1)', [PURGE_LOCK]);
}

/** From the commit on nothing brings this tenant back but another Tenant. Needs `lockPurges`. */
export async function buryTenant(client: PoolClient, tenantID: string, resourceUID: string): Promise<void> {
  await client.query(
    `INSERT INTO purged_tenants (tenant_id, resource_uid) VALUES ($1, $2)
     ON CONFLICT (tenant_id) DO UPDATE SET resource_uid = excluded.resource_uid, purged_at = now()`,
    [tenantID, resourceUID],
  );
}

/** Other Tenants have these ids now: what is told of them is theirs. */
export async function unearthTenants(client: PoolClient, tenantIDs: readonly string[]): Promise<void> {
  if (tenantIDs.length === 0) return;
  await client.query('DELETE FROM purged_tenants WHERE tenant_id = ANY($1)', [tenantIDs]);
}
