import { readdirSync } from 'node:fs';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#hack/testing/postgres.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { TEST_PASSWORDS } from '../testing/test-database.ts';
import { migrate } from './migrate.ts';
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

  function run(options: { lockTimeoutMs?: number } = {}): Promise<readonly string[]> {
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
});
