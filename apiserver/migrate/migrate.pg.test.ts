import { readdirSync } from 'node:fs';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#hack/testing/postgres.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { TEST_PASSWORDS } from '../testing/test-database.ts';
import { migrate } from './migrate.ts';
import { BackupRoleRefused } from './roles.ts';
import { MIGRATIONS_DIR } from './schema.ts';

describe('migrate', () => {
  let database: TestDatabase;
  let admin: Client;
  beforeEach(async () => {
    database = await createTestDatabase();
    admin = new Client({ connectionString: database.adminURL });
    await admin.connect();
  });
  afterEach(async () => {
    await admin.end();
    await database.drop();
  });

  function run(
    options: { lockTimeoutMs?: number; backupPassword?: string; adminURL?: string } = {},
  ): Promise<readonly string[]> {
    const { adminURL } = database;
    return migrate({ adminURL, ...TEST_PASSWORDS, log: silentLogger, clock: systemClock, ...options });
  }

  const all = readdirSync(MIGRATIONS_DIR)
    .map((file) => file.replace('.sql', ''))
    .sort();

  test('runs each migration once, in the order of their names', async () => {
    expect(await run()).toEqual(all);
    expect(await run()).toEqual([]);
  });

  test('two at once share the work', async () => {
    const applied = await Promise.all([run(), run()]);
    expect(applied.flat()).toEqual(all);
  });

  test('does not wait for ever for a table that somebody uses', async () => {
    await run();
    await admin.query('BEGIN');
    await admin.query('LOCK veralux.schema_migrations IN ACCESS EXCLUSIVE MODE');
    // 55P03: lock_not_available.
    await expect(run({ lockTimeoutMs: 100 })).rejects.toMatchObject({ code: '55P03' });
    await admin.query('ROLLBACK');
    expect(await run()).toEqual([]);
  });

  describe('the backup role', () => {
    const backupPassword = 'test-backup-password';

    /** Statements as the role, one after another, on a connection that sees every row or fails, as pg_dump does. */
    async function asBackup<T>(work: (client: Client) => Promise<T>): Promise<T> {
      const url = new URL(database.adminURL);
      url.username = 'veralux_backup';
      url.password = backupPassword;
      const client = new Client({ connectionString: url.href });
      await client.connect();
      try {
        await client.query('SET row_security = off');
        return await work(client);
      } finally {
        await client.end();
      }
    }

    test('reads every row of every table and writes none', async () => {
      await run({ backupPassword });
      await admin.query(
        `INSERT INTO veralux.tenants (tenant_id, source) VALUES (gen_random_uuid(), 'Ledger'), (gen_random_uuid(), 'Ledger')`,
      );
      const { rows: tables } = await admin.query<{ name: string }>(
        `SELECT oid::regclass::text AS name FROM pg_class
          WHERE relkind IN ('r', 'p', 'S') AND relnamespace IN ('veralux'::regnamespace, 'pgboss'::regnamespace)`,
      );
      expect(tables.length).toBeGreaterThan(20);
      await asBackup(async (client) => {
        for (const { name } of tables) await client.query(`SELECT * FROM ${name}`);
        const { rows } = await client.query('SELECT tenant_id FROM veralux.tenants');
        expect(rows).toHaveLength(2);
        for (const statement of [
          'DELETE FROM veralux.tenants',
          `UPDATE veralux.users SET name = ''`,
          `INSERT INTO veralux.tenants (tenant_id, source) VALUES (gen_random_uuid(), 'Ledger')`,
          'CREATE TABLE veralux.mine ()',
        ]) {
          await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
        }
      });
    });

    test('is not made by a role that may not give BYPASSRLS, which says so before it changes anything', async () => {
      const name = `migrator_${Math.random().toString(36).slice(2)}`;
      await admin.query(`CREATE ROLE ${name} LOGIN CREATEROLE PASSWORD 'x'`);
      const url = new URL(database.adminURL);
      url.username = name;
      url.password = 'x';
      await expect(run({ backupPassword, adminURL: url.href })).rejects.toThrow(BackupRoleRefused);
      await admin.query(`DROP ROLE ${name}`);
    });
  });
});
