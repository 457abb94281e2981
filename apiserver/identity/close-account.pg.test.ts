import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Callers, type TestPerson } from '../testing/callers.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';

const PASSWORD = 'SecureP@ss123';

describe('an account that is closed', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  let callers: Callers;
  let owner: Awaited<ReturnType<TestApi['signUp']>>;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    api = await startTestApi(database);
    callers = new Callers(database, api);
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });
  beforeEach(async () => {
    owner = await api.signUp(randomUUID());
  });

  const close = (token: string, password = PASSWORD) =>
    api.call('POST', '/api/auth/account/close', { token, body: { password } });
  const heir = (): Promise<TestPerson> => callers.person(owner.tenantID, 'Owner');

  test('is nobody’s any more: neither its token, its password nor its address is known', async () => {
    await heir();
    expect((await close(owner.token)).status).toBe(204);
    expect((await api.call('GET', '/api/auth/me', { token: owner.token })).status).toBe(401);
    const login = await api.call('POST', '/api/auth/login', {
      body: { email: owner.email, password: PASSWORD },
    });
    expect([login.status, login.body.code]).toEqual([401, 'wrong_credentials']);
  });

  test('leaves what it did in the audit log, and its name and address nowhere', async () => {
    const next = await heir();
    const token = await callers.token(next);
    const guest = await api.call('POST', '/api/admin/invitations', {
      token: owner.token,
      body: { email: `guest-${owner.email}`, role: 'Viewer' },
    });
    await api.call('POST', '/api/admin/api-keys', {
      token: owner.token,
      headers: { 'idempotency-key': 'kept' },
      body: { name: 'Export', scopes: ['calls:read'] },
    });
    // The person had been invited here once, too.
    await database.asAdmin(
      `INSERT INTO veralux.invitations (tenant_id, invitation_id, email, role, expires_at, accepted_at)
       VALUES ($1, gen_random_uuid(), $2, 'Owner', now(), now())`,
      [owner.tenantID, owner.email],
    );
    await close(owner.token);
    const { items } = (await api.call('GET', '/api/admin/audit', { token })).body;
    const invited = items.find(({ subjectID }: { subjectID: string }) => subjectID === guest.body.id);
    expect(invited).toMatchObject({
      actor: { kind: 'Person', id: owner.userID, name: null },
      operation: 'invite',
      after: { email: `guest-${owner.email}` },
    });
    for (const { name } of await tables()) {
      // The contact is what the tenant says of itself, in its resource.
      const rows = await database.asAdmin(
        `SELECT to_jsonb(t) - 'contact_email' - 'contact_name' AS row FROM veralux.${name} t
          WHERE (to_jsonb(t) - 'contact_email' - 'contact_name')::text ~ $1`,
        [`[^-]${owner.email}|Person ${owner.email.split('@')[0]}`],
      );
      expect(rows, name).toEqual([]);
    }
  });

  const tables = () =>
    database.asAdmin<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = 'veralux' AND table_type = 'BASE TABLE' AND table_name <> 'tenant_revisions'`,
    );

  test('is first handed over by the only owner of a tenant, which is named', async () => {
    const refused = await close(owner.token);
    expect([refused.status, refused.body.code]).toEqual([409, 'last_owner']);
    expect(refused.body.detail).toContain(`Company ${owner.email.split('@')[0]}`);
    expect((await api.call('GET', '/api/auth/me', { token: owner.token })).status).toBe(200);
    const next = await callers.person(owner.tenantID, 'Admin');
    await api.call('PATCH', `/api/admin/members/${next.userID}`, {
      token: owner.token,
      body: { role: 'Owner' },
    });
    expect((await close(owner.token)).status).toBe(204);
  });

  test('may belong to the only owner of a tenant that has ended', async () => {
    await database.worker.query(
      `UPDATE tenants SET deleted_at = now(), deletion_policy = 'Retain' WHERE tenant_id = $1`,
      [owner.tenantID],
    );
    expect((await close(owner.token)).status).toBe(204);
  });

  test('is not that of the last owner, however many owners go at once', async () => {
    const others = await Promise.all([heir(), heir(), heir()]);
    const tokens = [owner.token, ...(await Promise.all(others.map((person) => callers.token(person))))];
    const statuses = await Promise.all(tokens.map(async (token) => (await close(token)).status));
    expect(statuses.toSorted((a, b) => a - b)).toEqual([204, 204, 204, 409]);
    const left = await database.worker.query(
      `SELECT FROM memberships WHERE tenant_id = $1 AND role = 'Owner'`,
      [owner.tenantID],
    );
    expect(left).toHaveLength(1);
  });

  test('is closed by whoever knows its password', async () => {
    await heir();
    const refused = await close(owner.token, 'AnotherP@ss123');
    expect([refused.status, refused.body.code]).toEqual([403, 'wrong_password']);
    expect((await api.call('GET', '/api/auth/me', { token: owner.token })).status).toBe(200);
  });
});
