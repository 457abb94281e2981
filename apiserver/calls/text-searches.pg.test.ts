import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { Database } from '../database/database.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { CALLS } from './list-calls.ts';
import { SEARCH_POOL, TextSearches } from './text-searches.ts';

describe('searches for words', () => {
  let database: MigratedDatabase;
  let pool: Database;
  let searches: TextSearches;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    const settings = { ...SEARCH_POOL, statementTimeoutMs: 100 };
    pool = new Database({ url: database.appURL, name: 'veralux-search', ...settings, log: silentLogger });
    searches = new TextSearches(pool);
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const nothing = () => Promise.withResolvers<void>();

  test('are two at a time of a tenant, and others have theirs', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    const gate = nothing();
    const running = [one, one].map((id) => searches.run(id, () => gate.promise));
    await expect(searches.run(one, async () => 1)).rejects.toMatchObject({ code: 'busy' });
    expect(await searches.run(other, async () => 1)).toBe(1);
    gate.resolve();
    await Promise.all(running);
    expect(await searches.run(one, async () => 1)).toBe(1);
  });

  test('that take too long are told so, and not that the database is away', async () => {
    const search = searches.run(randomUUID(), (from) => from.query('SELECT pg_sleep(5)'));
    await expect(search).rejects.toMatchObject({ code: 'search_too_broad' });
  });

  test('that fill their pool leave a connection to those who ask for something else', async () => {
    const sleeping = Array.from({ length: 8 }, () =>
      searches.run(randomUUID(), (from) => from.query('SELECT pg_sleep(0.05)')),
    );
    expect(database.app.counts.waiting).toBe(0);
    expect(await database.app.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await Promise.all(sleeping);
  });
});

describe('calls by a number', () => {
  test('are found by an index, whichever side of the call it is on', async () => {
    const database = await createMigratedDatabase();
    const tenantID = randomUUID();
    await database.worker.query(
      "INSERT INTO tenants (tenant_id, name, source) VALUES ($1, 'many', 'Resource')",
      [tenantID],
    );
    await database.worker.query(
      `INSERT INTO calls (tenant_id, call_id, from_number, to_number, started_at)
       SELECT $1, gen_random_uuid(), 'from ' || n, 'to ' || n, now() - n * interval '1 minute'
         FROM generate_series(1, 20000) n`,
      [tenantID],
    );
    await database.asAdmin('ANALYZE veralux.calls');
    const { rows } = await database.app.withTenant(tenantID, (client) =>
      client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN ${CALLS.select} ORDER BY ${CALLS.order.at} DESC, ${CALLS.order.id} DESC LIMIT 50`,
        [tenantID, null, null, 'to 7', null, null],
      ),
    );
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('calls_by_caller');
    expect(plan).toContain('calls_by_dialled');
    await database.drop();
  });
});
