import type { Database, PoolClient } from '../database/database.ts';

/** So few that a statement stays far below the time it may take. */
const BATCH_ROWS = 2_000;

/** Turns of a call may come late: a pod keeps what it could not store, for less than a day. */
const LATE = "interval '1 day'";

interface DueTenant {
  readonly tenant_id: string;
  readonly cut_at: Date;
}

/**
 * Deletes what was said on calls that began longer ago than their tenant keeps it: one batch of one tenant, whichever
 * has waited longest. False where there is nothing left to do. Leads, usage and the call itself stay. Several servers
 * may do it at once: a tenant that another one works on is passed over. Throws DatabaseUnavailable.
 */
export async function deleteTranscripts(database: Database, now: Date): Promise<boolean> {
  return database.transaction(async (client) => {
    const due = await nextTenant(client, now);
    if (due === undefined) return false;
    const deleted = await deleteBatch(client, due);
    if (deleted < BATCH_ROWS) {
      await client.query('UPDATE tenants SET transcripts_cut_at = $2 WHERE tenant_id = $1', [
        due.tenant_id,
        due.cut_at,
      ]);
    }
    return true;
  });
}

/** Looked at again once an hour, so that nothing is kept much longer than its days. */
async function nextTenant(client: PoolClient, now: Date): Promise<DueTenant | undefined> {
  const { rows } = await client.query<DueTenant>(
    `SELECT tenant_id, $1::timestamptz - make_interval(days => transcript_days) AS cut_at FROM tenants
      WHERE transcript_days IS NOT NULL
        AND coalesce(transcripts_cut_at, '-infinity')
            <= $1::timestamptz - make_interval(days => transcript_days) - interval '1 hour'
      ORDER BY transcripts_cut_at NULLS FIRST LIMIT 1
        FOR UPDATE SKIP LOCKED`,
    [now],
  );
  return rows[0];
}

/** Only calls since the last cut are looked at: those before have nothing left. */
async function deleteBatch(client: PoolClient, { tenant_id, cut_at }: DueTenant): Promise<number> {
  const { rowCount } = await client.query(
    `DELETE FROM call_turns WHERE ctid = ANY (ARRAY(
       SELECT turn.ctid FROM tenants JOIN calls USING (tenant_id) JOIN call_turns turn USING (tenant_id, call_id)
        WHERE tenant_id = $1 AND started_at < $2
          AND started_at >= coalesce(transcripts_cut_at, '-infinity') - ${LATE}
        LIMIT ${BATCH_ROWS}))`,
    [tenant_id, cut_at],
  );
  return rowCount ?? 0;
}
