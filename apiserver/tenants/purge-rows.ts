import type { Database } from '../database/database.ts';
import { blankRejects } from '../ledger/blank-rejects.ts';

/** So few that a statement stays far below the time it may take, also with long transcripts. */
const BATCH_ROWS = 2_000;

/**
 * The tables of a tenant's rows. Turns and leads go with their calls, deliveries with their notifications, sessions with
 * their memberships, and what there are few of with the tenant: API keys, webhook secrets, addresses, replies kept for a
 * day.
 */
const TABLES = [
  'notifications',
  'usage_events',
  'usage_counters',
  'ledger_events',
  'calls',
  'tenant_revisions',
  'memberships',
  'audit_events',
] as const;

/**
 * Removes every row of a tenant, batch by batch, its own row last: killed in between, the next call
 * goes on. Only a tenant whose deletion was recorded with Purge is touched. Throws DatabaseUnavailable.
 */
export async function purgeRows(database: Database, tenantID: string): Promise<void> {
  for (const table of TABLES) {
    while ((await purgeBatch(database, table, tenantID)) === BATCH_ROWS);
  }
  await blankRejects(database, tenantID, 'purged');
  await database.query("DELETE FROM tenants WHERE tenant_id = $1 AND deletion_policy = 'Purge'", [tenantID]);
}

async function purgeBatch(
  database: Database,
  table: (typeof TABLES)[number],
  tenantID: string,
): Promise<number> {
  const isCalls = table === 'calls';
  const [row] = await database.query<{ rows: string }>(
    `WITH gone AS (
       DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM ${table} WHERE tenant_id = $1
           AND EXISTS (SELECT FROM tenants t WHERE t.tenant_id = $1 AND t.deletion_policy = 'Purge')
         LIMIT ${BATCH_ROWS})) RETURNING ${isCalls ? 'runtime, recording' : '1'})${isCalls ? `, ${NOTED}` : ''}
     SELECT count(*) AS rows FROM gone`,
    [tenantID],
  );
  return Number(row?.rows);
}

/** What the carrier recorded goes, too. */
const NOTED = `noted AS (
  INSERT INTO erased_recordings (runtime, carrier_leg_id)
  SELECT runtime, recording->>'carrierLegID' FROM gone
   WHERE runtime IS NOT NULL AND recording->>'carrierLegID' IS NOT NULL ON CONFLICT DO NOTHING)`;
