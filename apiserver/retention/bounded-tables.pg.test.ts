import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { until } from '../testing/until.ts';
import { BoundedTables, type Bounds } from './bounded-tables.ts';

let database: MigratedDatabase;
beforeAll(async () => {
  database = await createMigratedDatabase();
});
afterAll(() => database.drop());

const WIDE: Bounds = {
  ledgerRejects: { days: 1_000, rows: 1_000_000 },
  revisions: { days: 1_000, rows: 1_000_000 },
  notifications: { days: 1_000 },
  auditEvents: { days: 10_000 },
};

/** One look at all tables. */
async function bound(bounds: Partial<Bounds>): Promise<void> {
  const clock = new FakeClock();
  const options = { database: database.worker, bounds: { ...WIDE, ...bounds }, clock, log: silentLogger };
  const tables = new BoundedTables(options);
  await tables.start((error) => {
    throw error;
  });
  await until(async () => (clock.pending === 1 ? true : undefined));
  await tables.stop();
}

async function newTenant(): Promise<string> {
  const tenantID = randomUUID();
  await database.worker.query(`INSERT INTO tenants (tenant_id, source) VALUES ($1, 'Resource')`, [tenantID]);
  return tenantID;
}

/** So many days old, the newest last. */
async function agesOf(table: string, time: string, where = 'true'): Promise<number[]> {
  const rows = await database.worker.query<{ days: number }>(
    `SELECT extract(day FROM now() - ${time})::int AS days FROM ${table} WHERE ${where} ORDER BY ${time}`,
  );
  return rows.map(({ days }) => days);
}

test('entries that were set aside go by their age, and the oldest where there are too many', async () => {
  await database.asAdmin(
    `INSERT INTO veralux.ledger_rejects (shard, stream_id, reason, detail, entry, rejected_at)
     SELECT 's00', n::text, 'NotAnEvent', '', '', now() - n * interval '1 day' FROM generate_series(1, 30) AS n`,
  );
  const ages = () => agesOf('ledger_rejects', 'rejected_at');
  await bound({ ledgerRejects: { days: 20, rows: 100 } });
  expect((await ages())[0]).toBe(19);
  await bound({ ledgerRejects: { days: 20, rows: 5 } });
  expect(await ages()).toEqual([5, 4, 3, 2, 1]);
});

test('more than a batch goes, too', async () => {
  await database.asAdmin(
    `INSERT INTO veralux.ledger_rejects (shard, stream_id, reason, detail, entry, rejected_at)
     SELECT 's01', n::text, 'NotAnEvent', '', '', now() - interval '40 days' FROM generate_series(1, 5000) AS n`,
  );
  await bound({ ledgerRejects: { days: 20, rows: 100 } });
  expect(await agesOf('ledger_rejects', 'rejected_at', `shard = 's01'`)).toEqual([]);
});

test('revisions go by their age and by their number, tenant by tenant, and the latest of each stays', async () => {
  const [busy, quiet] = [await newTenant(), await newTenant()];
  for (const [tenantID, days] of [
    [busy, [900, 50, 40, 30, 20, 0]],
    [quiet, [800]],
  ] as const) {
    await database.asAdmin(
      `INSERT INTO veralux.tenant_revisions
         (tenant_id, resource_uid, generation, spec, managers, changed, takeovers, recorded_at)
       SELECT $1, $1, row_number() OVER (), '{}', '{}', '{}', '[]', now() - n * interval '1 day'
         FROM unnest($2::int[]) AS n`,
      [tenantID, days],
    );
  }
  const ages = (tenantID: string) => agesOf('tenant_revisions', 'recorded_at', `tenant_id = '${tenantID}'`);
  await bound({ revisions: { days: 365, rows: 100 } });
  expect([await ages(busy), await ages(quiet)]).toEqual([[50, 40, 30, 20, 0], [800]]);
  await bound({ revisions: { days: 365, rows: 3 } });
  expect([await ages(busy), await ages(quiet)]).toEqual([[30, 20, 0], [800]]);
});

test('notifications go by their age with their deliveries', async () => {
  const tenantID = await newTenant();
  await database.asAdmin(
    `INSERT INTO veralux.notifications
       (tenant_id, notification_id, event, event_key, limit_name, limit_value, month, created_at)
     SELECT $1, gen_random_uuid(), 'LimitNear', n::text, 'callsPerMonth', 50, '2026-11', now() - n * interval '1 day'
       FROM unnest(ARRAY[10, 50, 100]) AS n`,
    [tenantID],
  );
  await database.worker.query(
    `INSERT INTO notification_deliveries (tenant_id, delivery_id, notification_id, channel)
     SELECT tenant_id, gen_random_uuid(), notification_id, 'Webhook' FROM notifications`,
  );
  await bound({ notifications: { days: 40 } });
  expect(await agesOf('notifications', 'created_at')).toEqual([10]);
  expect(await database.worker.query('SELECT FROM notification_deliveries')).toHaveLength(1);
});

test('the audit log goes by its age, batch by batch', async () => {
  const tenantID = await newTenant();
  await database.asAdmin(
    `INSERT INTO veralux.audit_events (tenant_id, actor_kind, action, resource, subject_id, occurred_at)
     SELECT $1, 'System', 'Changed', 'Tenant', n::text, now() - n * interval '1 day' FROM generate_series(1, 5000) AS n`,
    [tenantID],
  );
  await bound({ auditEvents: { days: 3 } });
  expect(
    await agesOf('audit_events', 'occurred_at', `subject_id <> '${tenantID}' AND tenant_id = '${tenantID}'`),
  ).toEqual([2, 1]);
});

test('addresses that are not named any more go by their age', async () => {
  const tenantID = await newTenant();
  await database.worker.query('UPDATE tenants SET notifications = $2 WHERE tenant_id = $1', [
    tenantID,
    JSON.stringify({ emails: ['still@example.com'] }),
  ]);
  await database.worker.query(
    `INSERT INTO notification_addresses (tenant_id, address, created_at)
     SELECT $1, address, now() - days * interval '1 day'
       FROM (VALUES ('still@example.com', 100), ('gone@example.com', 100), ('new@example.com', 10)) AS x (address, days)`,
    [tenantID],
  );
  await bound({ notifications: { days: 40 } });
  const kept = await database.worker.query<{ address: string }>(
    'SELECT address FROM notification_addresses WHERE tenant_id = $1 ORDER BY address',
    [tenantID],
  );
  expect(kept.map(({ address }) => address)).toEqual(['new@example.com', 'still@example.com']);
});
