import type { Database, PoolClient } from '../database/database.ts';

/** So few calls that a statement stays far below the time it may take: the longest has some hundred turns. */
const SLICE_CALLS = 200;

/** What is told of a call may come late: a pod keeps what it could not store, for less than a day. */
const LATE = "interval '1 day'";

/** What is kept of calls for a time only. The call itself, its lead and its usage stay. */
export type ExpiringKind = 'transcripts' | 'recordings';

export const EXPIRING_KINDS: readonly ExpiringKind[] = ['transcripts', 'recordings'];

/** For how many days it is kept: a column of `tenants`. */
const DAYS = { transcripts: 'transcript_days', recordings: 'recording_days' } as const;

/** Deletes what these calls ($2) of a tenant ($1) left. */
const DELETE = {
  transcripts: 'DELETE FROM call_turns WHERE tenant_id = $1 AND call_id = ANY ($2::uuid[])',
  /** The sound is at the carrier, where the runtime deletes it as `erased_recordings` says. */
  recordings: `
    WITH expired AS (
      SELECT call_id, runtime, recording->>'carrierLegID' AS leg FROM calls
       WHERE tenant_id = $1 AND call_id = ANY ($2::uuid[]) AND recording IS NOT NULL),
    noted AS (
      INSERT INTO erased_recordings (runtime, carrier_leg_id)
      SELECT runtime, leg FROM expired WHERE runtime IS NOT NULL AND leg IS NOT NULL ON CONFLICT DO NOTHING)
    UPDATE calls SET recording = NULL WHERE tenant_id = $1 AND call_id IN (SELECT call_id FROM expired)`,
} as const satisfies Record<ExpiringKind, string>;

interface DueTenant {
  readonly tenant_id: string;
  /** Of calls that began before this nothing is to be left. */
  readonly cut_at: Date;
  /** The last call that was looked at, or a time before all that are to be. As text: it may be -infinity. */
  readonly after_at: string;
  readonly after_call: string;
}

/**
 * Deletes what its tenant does not keep any longer: of one slice of calls of one tenant, whichever was looked at longest
 * ago, so that one with very many calls keeps nobody waiting. False where there is nothing left to do. Several servers
 * may do it at once: a tenant that another one works on is passed over. Throws DatabaseUnavailable.
 */
export async function deleteExpired(database: Database, kind: ExpiringKind, now: Date): Promise<boolean> {
  return database.transaction(async (client) => {
    const due = await nextTenant(client, kind, now);
    if (due === undefined) return false;
    const calls = await nextSlice(client, due);
    const ids = calls.map(({ call_id: id }) => id);
    if (ids.length > 0) await client.query(DELETE[kind], [due.tenant_id, ids]);
    const last = calls.length < SLICE_CALLS ? undefined : calls.at(-1);
    await noteProgress(client, kind, { tenantID: due.tenant_id, cutAt: due.cut_at, last });
    return true;
  });
}

/** Looked at again once an hour, so that nothing is kept much longer than its days. */
async function nextTenant(client: PoolClient, kind: ExpiringKind, now: Date): Promise<DueTenant | undefined> {
  const { rows } = await client.query<DueTenant>(
    `SELECT tenant_id, $1::timestamptz - make_interval(days => ${DAYS[kind]}) AS cut_at,
            coalesce(${kind}_slice_at, coalesce(${kind}_cut_at, '-infinity') - ${LATE})::text AS after_at,
            coalesce(${kind}_slice_call, '00000000-0000-0000-0000-000000000000') AS after_call
       FROM tenants
      WHERE ${DAYS[kind]} IS NOT NULL
        AND coalesce(${kind}_cut_at, '-infinity')
            <= $1::timestamptz - make_interval(days => ${DAYS[kind]}) - interval '1 hour'
      ORDER BY ${kind}_looked_at NULLS FIRST LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED`,
    [now],
  );
  return rows[0];
}

interface SliceCall {
  readonly call_id: string;
  readonly started_at: Date;
}

/** The calls after those of the last slice, the oldest first. Each is looked at once; those of the last day once more. */
async function nextSlice(client: PoolClient, due: DueTenant): Promise<SliceCall[]> {
  const { rows } = await client.query<SliceCall>(
    `SELECT call_id, started_at FROM calls
      WHERE tenant_id = $1 AND started_at < $2 AND (started_at, call_id) > ($3::timestamptz, $4::uuid)
      ORDER BY started_at, call_id LIMIT ${SLICE_CALLS}`,
    [due.tenant_id, due.cut_at, due.after_at, due.after_call],
  );
  return rows;
}

/** `last`: of a whole slice; without it all that was due has been looked at. */
async function noteProgress(
  client: PoolClient,
  kind: ExpiringKind,
  progress: {
    readonly tenantID: string;
    readonly cutAt: Date;
    readonly last: SliceCall | undefined;
  },
): Promise<void> {
  const { tenantID, cutAt, last } = progress;
  await client.query(
    `UPDATE tenants SET ${kind}_slice_at = $2, ${kind}_slice_call = $3, ${kind}_looked_at = clock_timestamp(),
            ${kind}_cut_at = CASE WHEN $2::timestamptz IS NULL THEN $4 ELSE ${kind}_cut_at END
      WHERE tenant_id = $1`,
    [tenantID, last?.started_at ?? null, last?.call_id ?? null, cutAt],
  );
}
