import type { Database, PoolClient } from '../database/database.ts';

/** So few that a statement stays far below the time it may take. */
const BATCH_ROWS = 2_000;

/** What is told of a call may come late: a pod keeps what it could not store, for less than a day. */
const LATE = "interval '1 day'";

interface Kind {
  /** Of `tenants`: for how many days it is kept, and up to which call it is deleted already. */
  readonly days: string;
  readonly cutAt: string;
  /** Deletes a batch of one tenant ($1), of calls that began before a time ($2) and since the last cut. */
  readonly deleteBatch: string;
}

const SINCE_LAST_CUT = (cutAt: string) =>
  `tenant_id = $1 AND started_at < $2 AND started_at >= coalesce(${cutAt}, '-infinity') - ${LATE}`;

/** What is kept of calls for a time only. The call itself, its lead and its usage stay. */
export const EXPIRING = {
  transcripts: {
    days: 'transcript_days',
    cutAt: 'transcripts_cut_at',
    deleteBatch: `DELETE FROM call_turns WHERE ctid = ANY (ARRAY(
      SELECT turn.ctid FROM tenants JOIN calls USING (tenant_id) JOIN call_turns turn USING (tenant_id, call_id)
       WHERE ${SINCE_LAST_CUT('transcripts_cut_at')} LIMIT ${BATCH_ROWS}))`,
  },
  /** The sound is at the carrier, where the runtime deletes it. */
  recordings: {
    days: 'recording_days',
    cutAt: 'recordings_cut_at',
    deleteBatch: `UPDATE calls SET recording = NULL WHERE ctid = ANY (ARRAY(
      SELECT call.ctid FROM tenants JOIN calls call USING (tenant_id)
       WHERE ${SINCE_LAST_CUT('recordings_cut_at')} AND recording IS NOT NULL LIMIT ${BATCH_ROWS}))`,
  },
} as const satisfies Readonly<Record<string, Kind>>;

interface DueTenant {
  readonly tenant_id: string;
  readonly cut_at: Date;
}

/**
 * Deletes what its tenant does not keep any longer: one batch of one tenant, whichever has waited longest. False where
 * there is nothing left to do. Several servers may do it at once: a tenant that another one works on is passed over.
 * Throws DatabaseUnavailable.
 */
export async function deleteExpired(database: Database, kind: Kind, now: Date): Promise<boolean> {
  return database.transaction(async (client) => {
    const due = await nextTenant(client, kind, now);
    if (due === undefined) return false;
    const { rowCount } = await client.query(kind.deleteBatch, [due.tenant_id, due.cut_at]);
    if ((rowCount ?? 0) < BATCH_ROWS) {
      const cut = `UPDATE tenants SET ${kind.cutAt} = $2 WHERE tenant_id = $1`;
      await client.query(cut, [due.tenant_id, due.cut_at]);
    }
    return true;
  });
}

/** Looked at again once an hour, so that nothing is kept much longer than its days. */
async function nextTenant(
  client: PoolClient,
  { days, cutAt }: Kind,
  now: Date,
): Promise<DueTenant | undefined> {
  const { rows } = await client.query<DueTenant>(
    `SELECT tenant_id, $1::timestamptz - make_interval(days => ${days}) AS cut_at FROM tenants
      WHERE ${days} IS NOT NULL
        AND coalesce(${cutAt}, '-infinity')
            <= $1::timestamptz - make_interval(days => ${days}) - interval '1 hour'
      ORDER BY ${cutAt} NULLS FIRST LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED`,
    [now],
  );
  return rows[0];
}
