import { z } from 'zod';
import { shardOf } from '#crds/projection/shard.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '../database/database.ts';
import type { JobHandler } from '../jobs/job-queue.ts';
import { blankRejects } from '../ledger/blank-rejects.ts';

export interface EraseCallerDeps {
  /** As the worker role. */
  readonly database: Database;
  readonly log: Logger;
}

const jobSchema = z.strictObject({ tenantID: z.uuid(), erasureID: z.uuid() });

/** So few calls that a statement stays far below the time it may take, also with long transcripts. */
const BATCH_CALLS = 200;

/** The job of one erasure. It can be killed anywhere and run again. */
export function eraseCaller(deps: EraseCallerDeps): JobHandler {
  return async (data) => {
    const { tenantID, erasureID } = jobSchema.parse(data);
    await applyErasures(deps.database, tenantID, erasureID);
    await deps.database.query(
      `UPDATE erasures SET completed_at = now()
        WHERE tenant_id = $1 AND erasure_id = $2 AND completed_at IS NULL`,
      [tenantID, erasureID],
    );
    deps.log.info({ tenantID, erasureID }, 'a caller was erased');
  };
}

/**
 * Applies one erasure of a tenant, or every one, to all that is there of it. What the ledger brings later is erased as it
 * arrives. Throws DatabaseUnavailable.
 */
export async function applyErasures(
  database: Database,
  tenantID: string,
  erasureID: string | null = null,
): Promise<void> {
  await waitForWriter(database, tenantID);
  let after: string | null = null;
  do {
    after = await applyToBatch(database, { tenantID, erasureID }, after);
  } while (after !== null);
  await blankRejects(database, tenantID, 'erased');
}

/** A batch of the ledger that began before the erasure was there does not know of it: it ends first. */
async function waitForWriter(database: Database, tenantID: string): Promise<void> {
  const shard = shardOf(tenantID);
  await database.transaction(async (client) => {
    await client.query(
      `INSERT INTO ledger_cursors (shard, last_id) VALUES ($1, '0-0') ON CONFLICT DO NOTHING`,
      [shard],
    );
    await client.query('SELECT FROM ledger_cursors WHERE shard = $1 FOR UPDATE', [shard]);
  });
}

/** Resolves to the last call of the batch, or to null where there are no more. */
async function applyToBatch(
  database: Database,
  { tenantID, erasureID }: { readonly tenantID: string; readonly erasureID: string | null },
  after: string | null,
): Promise<string | null> {
  const [row] = await database.query<{ last: string | null }>(
    `WITH batch AS (
       SELECT call_id FROM calls WHERE tenant_id = $1 AND ($2::uuid IS NULL OR call_id > $2)
        ORDER BY call_id LIMIT ${BATCH_CALLS}),
     calls AS (SELECT array_agg(call_id ORDER BY call_id) AS ids FROM batch)
     SELECT ids[array_length(ids, 1)] AS last, apply_erasures($1, ids, $3) FROM calls`,
    [tenantID, after, erasureID],
  );
  return row?.last ?? null;
}
