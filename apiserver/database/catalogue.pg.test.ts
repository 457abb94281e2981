import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';

/** Constraints look past row-level security, so that one over all tenants would tell one of another's rows. */
describe('the constraints of tenants’ tables', () => {
  let database: MigratedDatabase;
  beforeAll(async () => {
    database = await createMigratedDatabase();
  });
  afterAll(() => database.drop());

  test('refer to another such table by the tenant, too: nobody points at a row of somebody else', async () => {
    const rows = await database.asAdmin<{ name: string }>(`
      SELECT c.conname AS name FROM pg_constraint c
        JOIN pg_attribute own ON own.attrelid = c.conrelid AND own.attname = 'tenant_id'
        JOIN pg_attribute other ON other.attrelid = c.confrelid AND other.attname = 'tenant_id'
       WHERE c.contype = 'f' AND c.connamespace = 'veralux'::regnamespace
         AND NOT EXISTS (
           SELECT FROM unnest(c.conkey, c.confkey) AS pair (own, other)
            WHERE pair.own = own.attnum AND pair.other = other.attnum)
       ORDER BY 1`);
    expect(rows).toEqual([]);
  });

  test('are unique within a tenant, but for what nobody could choose so as to meet another’s', async () => {
    const rows = await database.asAdmin<{ name: string }>(`
      SELECT i.indexrelid::regclass::text AS name FROM pg_index i
        JOIN pg_class t ON t.oid = i.indrelid AND t.relnamespace = 'veralux'::regnamespace
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'tenant_id'
       WHERE i.indisunique AND NOT a.attnum = ANY (i.indkey) ORDER BY 1`);
    expect(rows.map(({ name }) => name.replace('veralux.', ''))).toEqual([
      // Random ids that the server makes.
      'audit_events_pkey',
      // The principal, which has the tenant in it, before the key.
      'idempotency_keys_pkey',
      // The hash of a random token.
      'mail_links_pkey',
      'sessions_pkey',
    ]);
  });
});
