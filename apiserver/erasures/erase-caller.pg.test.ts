import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { deleteExpired } from '../retention/delete-expired.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { eraseCaller } from './erase-caller.ts';
import { listErasures, replayErasures } from './erasure-list.ts';

const CALLS = 600;
const ERASURES = 500;

let database: MigratedDatabase;
beforeAll(async () => {
  database = await createMigratedDatabase();
});
afterAll(() => database.drop());

/** One whose callers all left numbers, and of whom hundreds were erased already. */
async function busyTenant(): Promise<string> {
  const tenantID = randomUUID();
  const { worker } = database;
  await worker.query(`INSERT INTO tenants (tenant_id, source, recording_days) VALUES ($1, 'Resource', 1)`, [
    tenantID,
  ]);
  await worker.query(
    `INSERT INTO calls (tenant_id, call_id, started_at, from_number, recording)
     SELECT $1, gen_random_uuid(), now() - interval '2 days', '+1415555' || 1000 + n, '{"carrierLegID": "leg"}'
       FROM generate_series(1, ${CALLS}) AS n`,
    [tenantID],
  );
  await worker.query(
    `INSERT INTO leads (tenant_id, call_id, workflow, complete, fields, captured_at)
     SELECT $1, call_id, 'w', true, '[{"name": "phone", "value": "+1 415 555 9999", "spoken": "415, 555, 9999"}]', now()
       FROM calls WHERE tenant_id = $1`,
    [tenantID],
  );
  await worker.query(
    `INSERT INTO erasures (tenant_id, erasure_id, hashes, lengths)
     SELECT $1, gen_random_uuid(), ARRAY[sha256(n::text::bytea), sha256((-n)::text::bytea)], '{11,10}'
       FROM generate_series(1, ${ERASURES}) AS n`,
    [tenantID],
  );
  return tenantID;
}

/** As the request leaves one, of a number in the United States. */
async function addErasure(tenantID: string, digits: string): Promise<string> {
  const [row] = await database.worker.query<{ erasure_id: string }>(
    `INSERT INTO erasures (tenant_id, erasure_id, hashes, lengths)
     VALUES ($1, gen_random_uuid(), ARRAY[number_hash($1, '1' || $2), number_hash($1, $2)], '{11,10}')
     RETURNING erasure_id`,
    [tenantID, digits],
  );
  return row?.erasure_id ?? '';
}

async function count(tenantID: string, condition: string): Promise<number> {
  const [row] = await database.worker.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM calls LEFT JOIN leads USING (tenant_id, call_id)
      WHERE tenant_id = $1 AND ${condition}`,
    [tenantID],
  );
  return row?.n ?? -1;
}

// No statement of these may take 10 s: then Postgres would end it.
test('an erasure costs no more where hundreds of others were asked for, nor does their replay', async () => {
  const tenantID = await busyTenant();
  const erasureID = await addErasure(tenantID, '4155551007');
  await eraseCaller({ database: database.worker, log: silentLogger })({ tenantID, erasureID });
  expect(await count(tenantID, 'from_number IS NULL')).toBe(1);
  await addErasure(tenantID, '4155559999');
  const list = await listErasures(database.worker);
  expect(await replayErasures(database.worker, list)).toBe(ERASURES + 2);
  expect(await count(tenantID, `fields ->> 0 LIKE '%[erased]%'`)).toBe(CALLS - 1);
}, 60_000);

test('retention goes on where hundreds of erasures were asked for', async () => {
  const tenantID = await busyTenant();
  while (await deleteExpired(database.worker, 'recordings', new Date()));
  expect(await count(tenantID, 'recording IS NOT NULL')).toBe(0);
  expect(await count(tenantID, 'from_number IS NOT NULL')).toBe(CALLS);
}, 60_000);
