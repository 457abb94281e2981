import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { TestPerson } from '../testing/callers.ts';
import type { TestApi } from '../testing/test-api.ts';
import { testSite } from '../testing/test-site.ts';

const PASSWORD = 'SecureP@ss123';

describe('an account that is closed', () => {
  const site = testSite();
  let owner: Awaited<ReturnType<TestApi['signUp']>>;
  beforeEach(async () => {
    owner = await site.api.signUp(randomUUID());
  });

  const close = (token: string, password = PASSWORD) =>
    site.api.call('POST', '/api/auth/account/close', { token, body: { password } });
  const heir = (): Promise<TestPerson> => site.callers.person(owner.tenantID, 'Owner');

  test('is nobody’s any more: neither its token, its password nor its address is known', async () => {
    await heir();
    expect((await close(owner.token)).status).toBe(204);
    expect((await site.api.call('GET', '/api/auth/me', { token: owner.token })).status).toBe(401);
    const login = await site.api.call('POST', '/api/auth/login', {
      body: { email: owner.email, password: PASSWORD },
    });
    expect([login.status, login.body.code]).toEqual([401, 'wrong_credentials']);
  });

  test('leaves what it did in the audit log, and its name and address nowhere', async () => {
    const next = await heir();
    const token = await site.callers.token(next);
    const guest = await site.api.call('POST', '/api/admin/invitations', {
      token: owner.token,
      body: { email: `guest-${owner.email}`, role: 'Viewer' },
    });
    await site.api.call('POST', '/api/admin/api-keys', {
      token: owner.token,
      headers: { 'idempotency-key': 'kept' },
      body: { name: 'Export', scopes: ['calls:read'] },
    });
    // The person had been invited here once, too.
    await site.database.asAdmin(
      `INSERT INTO veralux.invitations (tenant_id, invitation_id, email, role, expires_at, accepted_at)
       VALUES ($1, gen_random_uuid(), $2, 'Owner', now(), now())`,
      [owner.tenantID, owner.email],
    );
    await close(owner.token);
    const { items } = (await site.api.call('GET', '/api/admin/audit', { token })).body;
    const invited = items.find(({ subjectID }: { subjectID: string }) => subjectID === guest.body.id);
    expect(invited).toMatchObject({
      actor: { kind: 'Person', id: owner.userID, name: null },
      operation: 'invite',
      after: { email: `guest-${owner.email}` },
    });
    await isNowhere(`[^-]${owner.email}|Person ${owner.email.split('@')[0]}`);
  });

  test('leaves no contact, identity or reply that names it, whoever wrote or removed that', async () => {
    const host = owner;
    const id = randomUUID();
    const body = { email: `${id}@example.com`, role: 'Viewer' };
    const headers = { 'idempotency-key': 'of another person' };
    await site.api.call('POST', '/api/admin/invitations', { token: host.token, headers, body });
    owner = await site.api.signUp(id);
    await heir();
    const contact = { name: `Person ${id}`, email: owner.email };
    const other = { name: 'Nora', email: 'nora@example.com' };
    for (const [generation, spec] of [
      { displayName: 'Kept', contact },
      { displayName: 'Kept', contact: other },
    ].entries()) {
      await site.database.worker.query(
        `INSERT INTO tenant_revisions (tenant_id, resource_uid, generation, spec, managers, changed, takeovers)
         VALUES ($1, $1, $2, $3, '{kubectl-edit}', '{}', '[]')`,
        [owner.tenantID, generation + 1, JSON.stringify(spec)],
      );
    }
    await site.database.asAdmin(
      `INSERT INTO veralux.identities (identity_id, user_id, issuer, subject)
       VALUES (gen_random_uuid(), $1, 'https://id.example.com', $2)`,
      [owner.userID, `subject-${id}`],
    );
    // As a password that is set anew removes them, which nobody is signed in for.
    await site.database.asAdmin('DELETE FROM veralux.identities WHERE user_id = $1', [owner.userID]);
    expect((await close(owner.token)).status).toBe(204);
    await isNowhere(`${owner.email}|Person ${id}|subject-${id}`);
    const told = await site.database.asAdmin(
      `SELECT before, after FROM veralux.audit_events WHERE tenant_id = $1 AND resource = 'Configuration' ORDER BY occurred_at`,
      [owner.tenantID],
    );
    expect(told).toEqual([
      { before: null, after: { displayName: 'Kept' } },
      { before: null, after: { contact: other } },
    ]);
  });

  async function isNowhere(traces: string): Promise<void> {
    for (const { name } of await tables()) {
      // The contact is what the tenant says of itself, in its resource.
      const rows = await site.database.asAdmin(
        `SELECT to_jsonb(t) - 'contact_email' - 'contact_name' AS row FROM veralux.${name} t
          WHERE (to_jsonb(t) - 'contact_email' - 'contact_name')::text ~ $1`,
        [traces],
      );
      expect(rows, name).toEqual([]);
    }
  }

  const tables = () =>
    site.database.asAdmin<{ name: string }>(
      `SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = 'veralux' AND table_type = 'BASE TABLE' AND table_name <> 'tenant_revisions'`,
    );

  test('is first handed over by the only owner of a tenant, which is named', async () => {
    const refused = await close(owner.token);
    expect([refused.status, refused.body.code]).toEqual([409, 'last_owner']);
    expect(refused.body.detail).toContain(`Company ${owner.email.split('@')[0]}`);
    expect((await site.api.call('GET', '/api/auth/me', { token: owner.token })).status).toBe(200);
    const next = await site.callers.person(owner.tenantID, 'Admin');
    await site.api.call('PATCH', `/api/admin/members/${next.userID}`, {
      token: owner.token,
      body: { role: 'Owner' },
    });
    expect((await close(owner.token)).status).toBe(204);
  });

  test('may belong to the only owner of a tenant that has ended', async () => {
    await site.database.worker.query(
      `UPDATE tenants SET deleted_at = now(), deletion_policy = 'Retain' WHERE tenant_id = $1`,
      [owner.tenantID],
    );
    expect((await close(owner.token)).status).toBe(204);
  });

  test('is not that of the last owner, however many owners go at once', async () => {
    const others = await Promise.all([heir(), heir(), heir()]);
    const tokens = [owner.token, ...(await Promise.all(others.map((person) => site.callers.token(person))))];
    const statuses = await Promise.all(tokens.map(async (token) => (await close(token)).status));
    expect(statuses.toSorted((a, b) => a - b)).toEqual([204, 204, 204, 409]);
    const left = await site.database.worker.query(
      `SELECT FROM memberships WHERE tenant_id = $1 AND role = 'Owner'`,
      [owner.tenantID],
    );
    expect(left).toHaveLength(1);
  });

  test('is closed by whoever knows its password', async () => {
    await heir();
    const refused = await close(owner.token, 'AnotherP@ss123');
    expect([refused.status, refused.body.code]).toEqual([403, 'wrong_password']);
    expect((await site.api.call('GET', '/api/auth/me', { token: owner.token })).status).toBe(200);
  });
});
