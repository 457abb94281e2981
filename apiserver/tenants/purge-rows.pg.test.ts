import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { purgeRows } from './purge-rows.ts';

let database: MigratedDatabase;
beforeAll(async () => {
  database = await createMigratedDatabase();
});
afterAll(() => database.drop());

async function tenantThatEnds(policy: 'Purge' | 'Retain'): Promise<string> {
  const tenantID = randomUUID();
  await database.worker.query(
    `INSERT INTO tenants (tenant_id, source, deleted_at, deletion_policy) VALUES ($1, 'Resource', now(), $2)`,
    [tenantID, policy],
  );
  return tenantID;
}

/** So many entries of a tenant that were set aside. */
async function setAside(tenantID: string, count: number): Promise<void> {
  await database.worker.query(
    `INSERT INTO ledger_rejects (shard, stream_id, reason, detail, entry)
     SELECT 's01', $1 || n, 'Contradiction', 'of ' || $1, '{"tenantID":"' || $1 || '","text":"what somebody said"}'
       FROM generate_series(1, $2::int) AS n`,
    [tenantID, count],
  );
}

async function entriesOf(tenantID: string): Promise<readonly string[]> {
  const rows = await database.worker.query<{ kept: string }>(
    'SELECT DISTINCT entry || detail AS kept FROM ledger_rejects WHERE starts_with(stream_id, $1)',
    [tenantID],
  );
  return rows.map(({ kept }) => kept);
}

test('what callers of a purged tenant said goes from the entries that were set aside, of no other tenant', async () => {
  const [purged, kept] = [await tenantThatEnds('Purge'), await tenantThatEnds('Retain')];
  await setAside(purged, 1_200);
  await setAside(kept, 1);
  const before = await entriesOf(kept);
  await purgeRows(database.worker, purged);
  await purgeRows(database.worker, kept);
  expect(await entriesOf(purged)).toEqual(['[purged][purged]']);
  expect(await entriesOf(kept)).toEqual(before);
  expect(before).toHaveLength(1);
});
