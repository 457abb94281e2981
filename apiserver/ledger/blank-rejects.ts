import type { Database } from '../database/database.ts';

/** So few that a statement stays far below the time it may take, also where each entry is as long as it may be. */
const BATCH_ROWS = 500;

/** What is said in place of an entry and of why it was set aside, and of which entries that name the tenant ($5). */
const BLANKS = {
  erased: { text: '[erased]', condition: 'is_entry_erased(entry)' },
  purged: {
    text: '[purged]',
    condition: `EXISTS (SELECT FROM tenants WHERE tenant_id = $5::uuid AND deletion_policy = 'Purge')`,
  },
} as const;

interface Position {
  readonly shard: string;
  readonly stream_id: string;
  readonly reason: string;
}

/**
 * Takes what a tenant's callers said out of the entries that were set aside; that there was one stays. They have no
 * column for the tenant, as an entry may be anything: all are looked through. Throws DatabaseUnavailable.
 */
export async function blankRejects(
  database: Database,
  tenantID: string,
  as: keyof typeof BLANKS,
): Promise<void> {
  let after: Position | undefined = { shard: '', stream_id: '', reason: '' };
  while (after) after = await blankBatch(database, { tenantID, ...BLANKS[as] }, after);
}

/** Resolves to the last row of the batch; undefined where there are no more. */
async function blankBatch(
  database: Database,
  what: { readonly tenantID: string; readonly text: string; readonly condition: string },
  after: Position,
): Promise<Position | undefined> {
  const [last] = await database.query<Position>(
    `WITH batch AS MATERIALIZED (
       SELECT shard, stream_id, reason FROM ledger_rejects WHERE (shard, stream_id, reason) > ($1, $2, $3)
        ORDER BY shard, stream_id, reason LIMIT ${BATCH_ROWS}),
     blanked AS (
       UPDATE ledger_rejects r SET entry = $4, detail = $4 FROM batch b
        WHERE r.shard = b.shard AND r.stream_id = b.stream_id AND r.reason = b.reason
          AND strpos(lower(entry), $5) > 0 AND ${what.condition})
     SELECT * FROM batch ORDER BY shard DESC, stream_id DESC, reason DESC LIMIT 1`,
    [after.shard, after.stream_id, after.reason, what.text, what.tenantID],
  );
  return last;
}
