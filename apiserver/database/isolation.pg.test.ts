import { randomUUID } from 'node:crypto';
import { Client, type QueryResult } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { EXPORTED_TABLES, NOT_EXPORTED } from '../exports/exported-tables.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { Database } from './database.ts';
import { sqlStateOf } from './database-error.ts';

/** Whose row it is to be. */
interface Subject {
  readonly tenantID: string;
  readonly userID: string;
  readonly callID: string;
}

/**
 * A row of each table with a tenant_id, as an INSERT: whoever adds such a table says here what a row of it is, or
 * these tests fail. Those that a sign-up makes by itself have none of their own.
 */
const ROWS: Readonly<Record<string, ((of: Subject) => string) | 'by the sign-up'>> = {
  api_keys: ({ tenantID }) =>
    `api_keys (tenant_id, key_id, name, secret_hash, scopes)
     VALUES ('${tenantID}', gen_random_uuid(), 'key', '\\x00', '{}')`,
  audit_events: ({ tenantID }) =>
    `audit_events (tenant_id, actor_kind, action, resource, subject_id)
     VALUES ('${tenantID}', 'System', 'Changed', 'Tenant', '${tenantID}')`,
  call_turns: ({ tenantID, callID }) =>
    `call_turns (tenant_id, call_id, turn_index, speaker, text, started_at_ms, ended_at_ms, interrupted)
     VALUES ('${tenantID}', '${callID}', 0, 'Caller', 'a secret', 0, 1, false)`,
  calls: ({ tenantID, callID }) =>
    `calls (tenant_id, call_id, started_at) VALUES ('${tenantID}', '${callID}', now())`,
  erasures: ({ tenantID, callID }) =>
    `erasures (tenant_id, erasure_id, hashes, lengths) VALUES ('${tenantID}', '${callID}', '{}', '{}')`,
  idempotency_keys: ({ tenantID }) =>
    `idempotency_keys (principal, operation, key, tenant_id, digest, status)
     VALUES ('${tenantID}', 'any', 'any', '${tenantID}', '\\x00', 201)`,
  invitations: ({ tenantID, callID }) =>
    `invitations (tenant_id, invitation_id, email, role, expires_at)
     VALUES ('${tenantID}', '${callID}', 'somebody@example.com', 'Viewer', now())`,
  leads: ({ tenantID, callID }) =>
    `leads (tenant_id, call_id, workflow, complete, fields, captured_at)
     VALUES ('${tenantID}', '${callID}', 'lead-capture', true, '[]', now())`,
  ledger_events: ({ tenantID }) =>
    `ledger_events (tenant_id, event_id, kind, revision, digest) VALUES ('${tenantID}', 'x', 'usage', 0, '\\x00')`,
  mail_links: ({ tenantID, callID }) =>
    `mail_links (token_hash, purpose, tenant_id, invitation_id, expires_at)
     VALUES (sha256('${callID}'), 'Invitation', '${tenantID}', '${callID}', now())`,
  memberships: 'by the sign-up',
  notification_addresses: ({ tenantID }) =>
    `notification_addresses (tenant_id, address) VALUES ('${tenantID}', 'office@example.com')`,
  notification_deliveries: ({ tenantID, callID }) =>
    `notification_deliveries (tenant_id, delivery_id, notification_id, channel, state)
     VALUES ('${tenantID}', '${callID}', '${callID}', 'Webhook', 'Dead')`,
  notifications: ({ tenantID, callID }) =>
    `notifications (tenant_id, notification_id, event, event_key, call_id)
     VALUES ('${tenantID}', '${callID}', 'CallEnded', 'x', '${callID}')`,
  purged_tenants: ({ tenantID }) =>
    `purged_tenants (tenant_id, resource_uid) VALUES ('${tenantID}', gen_random_uuid())`,
  sessions: 'by the sign-up',
  staff_accesses: ({ tenantID, userID }) =>
    `staff_accesses (tenant_id, user_id, operation) VALUES ('${tenantID}', '${userID}', 'listCalls')`,
  tenant_revisions: ({ tenantID, callID }) =>
    `tenant_revisions (tenant_id, resource_uid, generation, spec, managers, changed, takeovers)
     VALUES ('${tenantID}', '${callID}', 1, '{}', '{}', '{}', '[]')`,
  tenants: 'by the sign-up',
  usage_counters: ({ tenantID }) =>
    `usage_counters (tenant_id, month, metric, quantity)
     VALUES ('${tenantID}', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'), 'call_count', 1)`,
  usage_events: ({ tenantID, callID }) =>
    `usage_events (tenant_id, source, event_id, metric, quantity, month, occurred_at, call_id)
     VALUES ('${tenantID}', 'Runtime', 'x', 'call_count', 1, to_char(now(), 'YYYY-MM'), now(), '${callID}')`,
  webhook_secrets: ({ tenantID, callID }) =>
    `webhook_secrets (tenant_id, secret_id, sealed, key_id) VALUES ('${tenantID}', '${callID}', 'sealed', 'k')`,
};
const TABLES = Object.keys(ROWS);
/** In an order in which what others refer to comes first. */
const FIRST = ['calls', 'invitations', 'notifications'];

/** What an app role may not even try. */
const DENIED = '42501';

describe('tenant isolation', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  let admin: Client;
  let ours: Awaited<ReturnType<TestApi['signUp']>>;
  let theirs: Awaited<ReturnType<TestApi['signUp']>>;
  const ourCallID = randomUUID();
  const theirCallID = randomUUID();

  beforeAll(async () => {
    database = await createMigratedDatabase();
    api = await startTestApi(database);
    admin = new Client({ connectionString: database.adminURL });
    await admin.connect();
    await admin.query('SET search_path = veralux');
    ours = await api.signUp('ours');
    theirs = await api.signUp('theirs');
    for (const table of [...FIRST, ...TABLES.filter((name) => !FIRST.includes(name))]) {
      const row = ROWS[table];
      if (typeof row !== 'function') continue;
      await admin.query(`INSERT INTO ${row({ ...ours, callID: ourCallID })}`);
      await admin.query(`INSERT INTO ${row({ ...theirs, callID: theirCallID })}`);
    }
  });
  afterAll(async () => {
    await admin.end();
    await api.stop();
    await database.drop();
  });

  /** How many rows of each table a tenant has, past row-level security. */
  async function countRows(tenantID: string): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const table of TABLES) {
      const { rows } = await admin.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = $1`,
        [tenantID],
      );
      counts[table] = rows[0]?.n ?? 0;
    }
    return counts;
  }

  /** What came of a statement: its rows, or the SQLSTATE. */
  async function outcomeOf(attempt: Promise<QueryResult>): Promise<QueryResult | string> {
    try {
      return await attempt;
    } catch (error) {
      const code = sqlStateOf(error);
      if (code === undefined) throw error;
      return code;
    }
  }

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
    expect(rows.map((row) => row.name)).toEqual(TABLES.toSorted());
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
      'idempotency_claims',
      'idempotency_keys',
      'leads',
      'ledger_cursors',
      'ledger_events',
      'ledger_rejects',
      'mail_links',
      'notification_addresses',
      'notification_deliveries',
      'notifications',
      'platform_snapshots',
      'purged_tenants',
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
        'auth_link_identity_by',
        'auth_list_identities',
        'auth_list_tenants',
        'auth_open_session',
        'auth_prove_notification_address',
        'auth_read_identity',
        'auth_read_invitation',
        'auth_read_key',
        'auth_read_password',
        'auth_read_session',
        'auth_refresh_session',
        'auth_reset_password',
        'auth_start_session',
        'auth_unlink_identity',
        'auth_verify_email',
        'erasure_key_fingerprint',
        'idempotency_claim',
        'idempotency_find',
        'idempotency_keep',
        'idempotency_release',
        'number_hash',
        'number_hashes',
        'revoke_keys_of_account',
      ].map((name) => ({ name, owner: 'veralux_auth' })),
    );
    const views = await admin.query(
      `SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'veralux'::regnamespace`,
    );
    expect(views.rows).toEqual([]);
  });

  test('there is a row of both tenants in every table, or what follows would prove nothing', async () => {
    for (const { tenantID } of [ours, theirs]) {
      const empty = Object.entries(await countRows(tenantID)).filter(([, count]) => count === 0);
      expect(empty).toEqual([]);
    }
  });

  test("another tenant's call is 404, and so is one that nobody has", async () => {
    for (const id of [theirCallID, randomUUID()]) {
      const reply = await api.call('GET', `/api/admin/calls/${id}`, { token: ours.token });
      expect([reply.status, reply.body.code]).toEqual([404, 'not_found']);
    }
    const own = await api.call('GET', `/api/admin/calls/${theirCallID}`, { token: theirs.token });
    expect(own.status).toBe(200);
  });

  test("another tenant's delivery and webhook secret are 404, to read, to send again and to end", async () => {
    const delivery = `/api/admin/notifications/deliveries/${theirCallID}`;
    for (const [method, path] of [
      ['GET', delivery],
      ['POST', `${delivery}/resend`],
      ['DELETE', `/api/admin/notifications/secrets/${theirCallID}`],
    ] as const) {
      const reply = await api.call(method, path, { token: ours.token });
      expect([method, reply.status, reply.body.code]).toEqual([method, 404, 'not_found']);
    }
    const kept = await database.asAdmin('SELECT FROM veralux.webhook_secrets WHERE secret_id = $1', [
      theirCallID,
    ]);
    expect(kept).toHaveLength(1);
  });

  test('lists and usage hold what is the tenant’s own', async () => {
    const read = async (token: string) => {
      const calls = await api.call('GET', '/api/admin/calls', { token });
      const leads = await api.call('GET', '/api/admin/leads', { token });
      const usage = await api.call('GET', '/api/admin/usage', { token });
      const deliveries = await api.call('GET', '/api/admin/notifications/deliveries', { token });
      const secrets = await api.call('GET', '/api/admin/notifications/secrets', { token });
      const ids = [calls, leads, deliveries, secrets].flatMap(({ body }) =>
        body.items.map(({ id, callID }: { id?: string; callID?: string }) => callID ?? id),
      );
      return [ids, usage.body.usage.call_count];
    };
    const fourOf = (id: string) => Array.from({ length: 4 }, () => id);
    expect(await read(ours.token)).toEqual([fourOf(ourCallID), 1]);
    expect(await read(theirs.token)).toEqual([fourOf(theirCallID), 1]);
  });

  test.each(TABLES)(
    'a forgotten WHERE on %s shows no other tenant, and nothing outside withTenant',
    async (table) => {
      const select = `SELECT tenant_id FROM ${table}`;
      const seen = await outcomeOf(database.app.withTenant(ours.tenantID, (client) => client.query(select)));
      if (seen === DENIED) {
        expect(await outcomeOf(database.app.execute(select))).toBe(DENIED);
        return;
      }
      const rows = typeof seen === 'string' ? [{ tenant_id: seen }] : seen.rows;
      expect([...new Set(rows.map((row) => row.tenant_id))]).toEqual([ours.tenantID]);
      expect(await database.app.query(select)).toEqual([]);
    },
  );

  test.each(TABLES)('nothing of another tenant in %s can be removed, taken or added', async (table) => {
    const before = await countRows(theirs.tenantID);
    const row = ROWS[table];
    const statements = [
      `DELETE FROM ${table} WHERE tenant_id = '${theirs.tenantID}'`,
      `UPDATE ${table} SET tenant_id = '${ours.tenantID}' WHERE tenant_id = '${theirs.tenantID}'`,
    ];
    for (const statement of statements) {
      const result = await outcomeOf(
        database.app.withTenant(ours.tenantID, (client) => client.query(statement)),
      );
      expect(typeof result === 'string' ? result : result.rowCount).toBeOneOf([DENIED, 0]);
    }
    if (typeof row === 'function') {
      const insert = `INSERT INTO ${row({ ...theirs, callID: randomUUID() })}`;
      const result = await outcomeOf(
        database.app.withTenant(ours.tenantID, (client) => client.query(insert)),
      );
      expect(result).toBe(DENIED);
    }
    expect(await countRows(theirs.tenantID)).toEqual(before);
  });

  test('a tenant makes nobody a member of another, and reads neither people nor sessions', async () => {
    const join = `INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, 'Owner')`;
    const attempt = database.app.withTenant(ours.tenantID, (client) =>
      client.query(join, [theirs.tenantID, ours.userID]),
    );
    expect(await outcomeOf(attempt)).toBe(DENIED);
    for (const table of [
      'users',
      'sessions',
      'refresh_tokens',
      'idempotency_claims',
      'identities',
      'mail_links',
    ]) {
      expect(await outcomeOf(database.app.execute(`SELECT * FROM ${table}`))).toBe(DENIED);
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
});
