import { type Shard, shardOf } from '#crds/projection/shard.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import { FIRST_STREAM_ID, isAfterStreamID } from '#lib/redis/stream-id.ts';
import type { Database, PoolClient } from '../database/database.ts';
import { purgeRows } from './purge-rows.ts';
import { buryTenant, lockPurges } from './purged-tenants.ts';

export interface PurgeOptions {
  /** As the worker role. */
  readonly database: Database;
  /** The id of the last entry of a shard's ledger. Throws what Redis throws. */
  readonly ledgerEndOf: (shard: Shard) => Promise<string>;
}

/** What is still to be read of the ledger may be of the tenant: it has to be dropped with the rest. */
export class LedgerUnread extends OperatingError {
  constructor(shard: Shard) {
    super('ledger_unread', `The ledger of shard ${shard} is not read to its end yet.`, { retryable: true });
  }
}

/**
 * Removes every row of a tenant, once the ledger of its shard is in Postgres up to what is there now: then a
 * later Tenant of the id gets nothing that was said on calls of this one. What comes later still, of a pod that
 * was cut off, is dropped because of the tombstone. Throws LedgerUnread, DatabaseUnavailable and what Redis throws.
 */
export async function purgeTenant(
  { database, ledgerEndOf }: PurgeOptions,
  { tenantID, uid }: { readonly tenantID: string; readonly uid: string },
): Promise<void> {
  const shard = shardOf(tenantID);
  const end = await ledgerEndOf(shard);
  await database.transaction(async (client) => {
    await lockPurges(client);
    if (isAfterStreamID(end, await cursorOf(client, shard))) throw new LedgerUnread(shard);
    await buryTenant(client, tenantID, uid);
  });
  await purgeRows(database, tenantID);
}

async function cursorOf(client: PoolClient, shard: Shard): Promise<string> {
  const { rows } = await client.query<{ last_id: string }>(
    'SELECT last_id FROM ledger_cursors WHERE shard = $1',
    [shard],
  );
  return rows[0]?.last_id ?? FIRST_STREAM_ID;
}
