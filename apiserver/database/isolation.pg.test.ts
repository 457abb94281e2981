import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { EXPORTED_TABLES, NOT_EXPORTED } from '../exports/exported-tables.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { checkDatabase, UnfitDatabase } from './check-database.ts';
import { Database } from './database.ts';

describe('tenant isolation', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  let admin: Client;
  let ours: Awaited<ReturnType<TestApi['signUp']>>;
  let theirs: Awaited<ReturnType<TestApi['signUp']>>;
  const callID = '11111111-1111-4111-8111-111111111111';

  beforeAll(async () => {
    database = await createMigratedDatabase();
    api = await startTestApi(database);
    admin = new Client({ connectionString: database.adminURL });
    await admin.connect();
    ours = await api.signUp('ours');
    theirs = await api.signUp('theirs');
    await database.worker.transaction(async (client) => {
      const key = [theirs.tenantID, callID];
      await client.query('INSERT INTO calls (tenant_id, call_id, started_at) VALUES ($1, $2, now())', key);
      await client.query(`INSERT INTO call_turns VALUES ($1, $2, 0, 'Caller', 'a secret', 0, 1, false)`, key);
      await client.query(`INSERT INTO leads VALUES ($1, $2, 'lead-capture', true, '[]', now())`, key);
      await client.query(
        `INSERT INTO usage_events VALUES ($1, 'Runtime', 'x', 'call_count', 1, to_char(now(), 'YYYY-MM'), now(), $2)`,
        key,
      );
      await client.query(
        `INSERT INTO usage_counters VALUES ($1, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'), 'call_count', 1)`,
        [theirs.tenantID],
      );
      await client.query(
        `INSERT INTO tenant_revisions (tenant_id, resource_uid, generation, spec, managers, changed, takeovers)
         VALUES ($1, $2, 1, '{}', '{}', '{}', '[]')`,
        key,
      );
    });
  });
  afterAll(async () => {
    await admin.end();
    await api.stop();
    await database.drop();
  });

  test('every table with a tenant_id forces row-level security and has policies with WITH CHECK', async () => {
    const { rows } = await admin.query<{
      name: string;
      secure: boolean;
      checked: string[];
      unchecked: string[];
    }>(`
      SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS secure,
             COALESCE(array_agg(p.polname::text) FILTER (WHERE p.polwithcheck IS NOT NULL), '{}') AS checked,
             COALESCE(array_agg(p.polname::text)
                      FILTER (WHERE p.polwithcheck IS NULL AND p.polcmd <> 'r'), '{}') AS unchecked
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        LEFT JOIN pg_policy p ON p.polrelid = c.oid
       WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'veralux'::regnamespace
       GROUP BY c.oid ORDER BY c.relname`);
    expect(rows.map((row) => row.name)).toEqual([
      'api_keys',
      'audit_events',
      'call_turns',
      'calls',
      'erasures',
      'idempotency_keys',
      'invitations',
      'leads',
      'ledger_events',
      'mail_links',
      'memberships',
      'sessions',
      'staff_accesses',
      'tenant_revisions',
      'tenants',
      'usage_counters',
      'usage_events',
    ]);
    for (const row of rows) {
      expect({ name: row.name, secure: row.secure, unchecked: row.unchecked }).toEqual({
        name: row.name,
        secure: true,
        unchecked: [],
      });
      expect(row.checked).toContain('owner_all');
    }
  });

  test('every table with a tenant_id is in the export of a tenant, or it is said why not', async () => {
    const { rows } = await admin.query<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.columns
        WHERE table_schema = 'veralux' AND column_name = 'tenant_id' ORDER BY 1`,
    );
    const told = [...EXPORTED_TABLES.map(({ name }) => name), ...Object.keys(NOT_EXPORTED)];
    expect(rows.map((row) => row.name)).toEqual(told.toSorted());
  });

  test('what somebody decides goes into the audit log: every table that does not is no such thing', async () => {
    const { rows } = await admin.query<{ name: string }>(`
      SELECT c.relname AS name FROM pg_class c
       WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'veralux'::regnamespace
         AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname LIKE 'audit%')
       ORDER BY c.relname`);
    expect(rows.map((row) => row.name)).toEqual([
      'audit_events',
      'call_turns',
      'calls',
      'erased_recordings',
      'erasure_key',
      'idempotency_keys',
      'leads',
      'ledger_cursors',
      'ledger_events',
      'ledger_rejects',
      'mail_links',
      'platform_snapshots',
      'refresh_tokens',
      'schema_migrations',
      'sessions',
      'signup_counts',
      'usage_counters',
      'usage_events',
    ]);
  });

  test('no view, and no function besides those of the auth role, runs with more rights than its caller', async () => {
    const { rows } = await admin.query<{ name: string; owner: string }>(`
      SELECT p.proname AS name, pg_get_userbyid(p.proowner) AS owner FROM pg_proc p
       WHERE p.pronamespace = 'veralux'::regnamespace AND p.prosecdef ORDER BY 1`);
    expect(rows).toEqual(
      [
        'audit_author',
        'audit_change',
        'audit_platform_page',
        'audit_revision',
        'audit_staff_access',
        'audit_write',
        'auth_accept_invitation',
        'auth_begin_session',
        'auth_change_password',
        'auth_close_account',
        'auth_end_session',
        'auth_end_sessions',
        'auth_enter_tenant',
        'auth_find_user',
        'auth_first_tenant',
        'auth_is_link_good',
        'auth_join_invited',
        'auth_link_identity',
        'auth_list_identities',
        'auth_list_tenants',
        'auth_open_session',
        'auth_read_identity',
        'auth_read_invitation',
        'auth_read_key',
        'auth_read_password',
        'auth_read_session',
        'auth_refresh_session',
        'auth_reset_password',
        'auth_unlink_identity',
        'auth_verify_email',
        'idempotency_find',
        'idempotency_keep',
        'number_hash',
      ].map((name) => ({ name, owner: 'veralux_auth' })),
    );
    const views = await admin.query(
      `SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'veralux'::regnamespace`,
    );
    expect(views.rows).toEqual([]);
  });

  test("another tenant's call is 404, and so is one that nobody has", async () => {
    for (const id of [callID, '22222222-2222-4222-8222-222222222222']) {
      const reply = await api.call('GET', `/api/admin/calls/${id}`, { token: ours.token });
      expect([reply.status, reply.body.code]).toEqual([404, 'not_found']);
    }
    expect((await api.call('GET', `/api/admin/calls/${callID}`, { token: theirs.token })).status).toBe(200);
  });

  test('lists and usage hold what is the tenant’s own', async () => {
    const read = async (token: string) => {
      const calls = await api.call('GET', '/api/admin/calls', { token });
      const leads = await api.call('GET', '/api/admin/leads', { token });
      const usage = await api.call('GET', '/api/admin/usage', { token });
      return [calls.body.items.length, leads.body.items.length, usage.body.usage.call_count];
    };
    expect(await read(ours.token)).toEqual([0, 0, 0]);
    expect(await read(theirs.token)).toEqual([1, 1, 1]);
  });

  test('a forgotten WHERE shows no other tenant, and nothing at all outside withTenant', async () => {
    for (const table of [
      'calls',
      'call_turns',
      'leads',
      'usage_events',
      'usage_counters',
      'tenants',
      'memberships',
    ]) {
      const rows = await database.app.withTenant(ours.tenantID, async (client) => {
        const result = await client.query<{ tenant_id: string }>(`SELECT tenant_id FROM ${table}`);
        return result.rows.map((row) => row.tenant_id);
      });
      expect(rows.filter((id) => id !== ours.tenantID)).toEqual([]);
      expect(await database.app.query(`SELECT * FROM ${table}`)).toEqual([]);
    }
  });

  test('a tenant cannot write into another, nor read people or sessions', async () => {
    await expect(
      database.app.withTenant(ours.tenantID, (client) =>
        client.query(`INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, 'Owner')`, [
          theirs.tenantID,
          ours.userID,
        ]),
      ),
    ).rejects.toMatchObject({ code: '42501' });
    for (const table of [
      'users',
      'sessions',
      'ledger_events',
      'refresh_tokens',
      'api_keys',
      'idempotency_keys',
    ]) {
      await expect(database.app.query(`SELECT * FROM ${table}`)).rejects.toMatchObject({ code: '42501' });
    }
  });

  test('the setting ends with the transaction, also when it is rolled back', async () => {
    const single = new Database({
      url: database.appURL,
      name: 'single',
      maxConnections: 1,
      log: silentLogger,
    });
    await single.withTenant(theirs.tenantID, (client) => client.query('SELECT 1'));
    expect(await single.query('SELECT tenant_id FROM calls')).toEqual([]);
    await expect(
      single.withTenant(theirs.tenantID, (client) => client.query('SELECT 1/0')),
    ).rejects.toMatchObject({ code: '22012' });
    expect(await single.query('SELECT tenant_id FROM calls')).toEqual([]);
    await single.end();
  });

  test('the server refuses a superuser, the wrong role and a database without its schema', async () => {
    const open = (url: string) => new Database({ url, name: 'check', maxConnections: 1, log: silentLogger });
    const asSuperuser = open(database.adminURL);
    const empty = new URL(database.appURL);
    empty.pathname = '/postgres';
    const unmigrated = open(empty.href);
    await expect(checkDatabase(asSuperuser, 'DATABASE_URL', 'veralux_app')).rejects.toThrow('a superuser');
    await expect(checkDatabase(database.worker, 'DATABASE_URL', 'veralux_app')).rejects.toThrow(
      UnfitDatabase,
    );
    await expect(checkDatabase(unmigrated, 'DATABASE_URL', 'veralux_app')).rejects.toThrow(
      'lacks 0001_tenancy',
    );
    await expect(checkDatabase(database.app, 'DATABASE_URL', 'veralux_app')).resolves.toBeUndefined();
    await Promise.all([asSuperuser.end(), unmigrated.end()]);
  });
});
