import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { TestApi } from '../testing/test-api.ts';
import { testSite } from '../testing/test-site.ts';

describe('the audit log', () => {
  const site = testSite();
  let owner: Awaited<ReturnType<TestApi['signUp']>>;
  beforeEach(async () => {
    owner = await site.api.signUp(randomUUID());
  });

  const as =
    (token: string) =>
    (method: string, path: string, body?: unknown, headers = {}) =>
      site.api.call(method, path, { token, headers, ...(body === undefined ? {} : { body }) });
  const list = async (query = '', token = owner.token) =>
    (await site.api.call('GET', `/api/admin/audit?${query}`, { token })).body.items;
  const latest = async () => (await list('limit=1'))[0];
  const me = () => ({ kind: 'Person', id: owner.userID, name: owner.email });

  test('tells who did what to whom, with what was and what is', async () => {
    const ask = as(owner.token);
    const viewer = await site.callers.person(owner.tenantID, 'Viewer');
    await ask('PATCH', `/api/admin/members/${viewer.userID}`, { role: 'Admin' });
    const common = { actor: me(), reason: null, resource: 'Member', subjectID: viewer.userID };
    expect(await latest()).toMatchObject({
      ...common,
      operation: 'changeMember',
      action: 'Changed',
      before: { role: 'Viewer' },
      after: { role: 'Admin' },
    });
    await ask('DELETE', `/api/admin/members/${viewer.userID}`);
    expect(await latest()).toMatchObject({
      ...common,
      operation: 'removeMember',
      action: 'Removed',
      before: { role: 'Admin' },
      after: null,
    });
  });

  test('tells of keys and invitations from their making to their end, and of no secret', async () => {
    const ask = as(owner.token);
    const key = (await ask('POST', '/api/admin/api-keys', { name: 'Export', scopes: ['calls:read'] })).body;
    const invited = (await ask('POST', '/api/admin/invitations', { email: 'a@example.com', role: 'Viewer' }))
      .body;
    await ask('DELETE', `/api/admin/api-keys/${key.id}`);
    await ask('DELETE', `/api/admin/invitations/${invited.id}`);
    const told = (await list('limit=4')).map(({ action, resource, subjectID, after }: never) => [
      action,
      resource,
      subjectID,
      Object.keys(after).toSorted(),
    ]);
    expect(told).toEqual([
      ['Changed', 'Invitation', invited.id, ['revokedAt']],
      ['Changed', 'ApiKey', key.id, ['revokedAt']],
      ['Created', 'Invitation', invited.id, ['email', 'expiresAt', 'role']],
      ['Created', 'ApiKey', key.id, ['name', 'scopes', 'secretHash']],
    ]);
    const all = JSON.stringify(await site.database.asAdmin('SELECT * FROM veralux.audit_events'));
    const [{ hash }] = (await site.database.asAdmin(
      `SELECT encode(secret_hash, 'hex') AS hash FROM veralux.api_keys WHERE key_id = $1`,
      [key.id],
    )) as [{ hash: string }];
    for (const secret of [key.key, hash, 'SecureP@ss123']) expect(all).not.toContain(secret);
  });

  test('tells of a configuration what the request changed of it', async () => {
    const write = (greeting: string) =>
      as(owner.token)('PUT', '/api/admin/config/assistant', { assistant: { greeting } }, { 'if-match': '*' });
    await write('Hello.');
    await write('Good day.');
    const event = await latest();
    expect(event).toMatchObject({ actor: me(), operation: 'replaceAssistant', resource: 'Configuration' });
    expect([event.before.assistant.greeting, event.after.assistant.greeting]).toEqual([
      'Hello.',
      'Good day.',
    ]);
    expect(Object.keys(event.after)).toEqual(['assistant']);
  });

  test('tells of a spec that kubectl wrote who the manager was, and of one observed early its author', async () => {
    const [{ id }] = (await site.database.worker.query(
      `INSERT INTO tenant_revisions (tenant_id, resource_uid, generation, spec, managers, changed, takeovers)
       VALUES ($1, gen_random_uuid(), 1, '{"displayName": "a\\u0000b"}', '{kubectl-edit}', '{}', '[]')
       RETURNING revision_id AS id`,
      [owner.tenantID],
    )) as [{ id: string }];
    expect(await latest()).toMatchObject({
      actor: { kind: 'Manager', id: null, name: 'kubectl-edit' },
      operation: null,
      subjectID: id,
      after: { displayName: 'a\ufffdb' },
    });
    const actor = JSON.stringify({ kind: 'Person', id: owner.userID, name: owner.email, operation: 'test' });
    await site.database.app.withTenant(owner.tenantID, async (client) => {
      await client.query(`SELECT set_config('veralux.actor', $1, true)`, [actor]);
      await client.query(
        `UPDATE tenant_revisions SET author_kind = 'Person', author_id = $2 WHERE tenant_id = $1 AND revision_id = $3`,
        [owner.tenantID, owner.userID, id],
      );
    });
    expect(await list(`subjectID=${id}`)).toMatchObject([{ actor: me(), operation: 'test' }]);
  });

  test('tells when staff were there and why, and that a change of theirs needs a reason', async () => {
    const staff = await site.callers.staff();
    const ask = as(await site.callers.token(staff));
    const there = { 'x-veralux-tenant': owner.tenantID };
    const body = { name: 'Export', scopes: ['calls:read'] };
    const refused = await ask('POST', '/api/admin/api-keys', body, there);
    expect([refused.status, refused.body.code]).toEqual([400, 'reason_required']);
    await ask('POST', '/api/admin/api-keys', body, { ...there, 'x-veralux-reason': 'ticket 7' });
    const common = {
      actor: { kind: 'Staff', id: staff.userID, name: null },
      operation: 'createKey',
      reason: 'ticket 7',
    };
    expect(await list('limit=2')).toMatchObject([
      { ...common, action: 'Created', resource: 'ApiKey' },
      { ...common, action: 'Entered', resource: 'Tenant' },
    ]);
  });

  test('tells nothing of what was taken back', async () => {
    const before = await list();
    const reply = await as(owner.token)('DELETE', `/api/admin/members/${owner.userID}`);
    expect([reply.status, await list()]).toEqual([409, before]);
  });

  test('can be asked for a time, a thing, one of them and a person, page by page', async () => {
    const ask = as(owner.token);
    const { id } = (await ask('POST', '/api/admin/api-keys', { name: 'A', scopes: ['calls:read'] })).body;
    await ask('POST', '/api/admin/api-keys', { name: 'B', scopes: ['calls:read'] });
    const names = async (query: string) =>
      (await list(query)).map(({ after }: { after: { name: string } }) => after.name);
    expect(await names('resource=ApiKey')).toEqual(['B', 'A']);
    expect(await names(`resource=ApiKey&actorID=${owner.userID}`)).toEqual(['B', 'A']);
    expect(await names(`subjectID=${id}`)).toEqual(['A']);
    expect(await names(`actorID=${randomUUID()}`)).toEqual([]);
    const [second, first] = await list('resource=ApiKey');
    expect(await names(`resource=ApiKey&since=${second.at}`)).toContain('B');
    expect(await names(`resource=ApiKey&until=${first.at}`)).toEqual([]);
    const page = await ask('GET', '/api/admin/audit?resource=ApiKey&limit=1');
    const next = await ask('GET', `/api/admin/audit?resource=ApiKey&limit=1&cursor=${page.body.nextCursor}`);
    expect([next.body.items[0].subjectID, next.body.nextCursor]).toEqual([id, null]);
  });

  test('of one tenant is not another’s', async () => {
    const other = await site.api.signUp(randomUUID());
    const of = async (token: string) =>
      (await list('resource=Tenant', token)).map(({ subjectID }: { subjectID: string }) => subjectID);
    expect(await of(owner.token)).toEqual([owner.tenantID]);
    expect(await of(other.token)).toEqual([other.tenantID]);
  });

  test('of accounts and switches is for staff alone', async () => {
    const staff = await site.callers.staff();
    const token = await site.callers.token(staff);
    const body = { isOpen: true, reason: 'all is well' };
    await as(owner.token)('POST', '/api/auth/password', {
      currentPassword: 'SecureP@ss123',
      newPassword: 'AnotherP@ss123',
    });
    await as(token)('PUT', '/api/admin/system/signup', body);
    const items = (await as(token)('GET', '/api/admin/system/audit?limit=2')).body.items;
    expect(items).toMatchObject([
      { actor: { kind: 'Staff', id: staff.userID }, resource: 'PlatformSwitch', subjectID: 'signup' },
      {
        actor: me(),
        operation: 'changePassword',
        resource: 'Account',
        subjectID: owner.userID,
        after: { passwordHash: 'secret' },
      },
    ]);
    expect(
      await site.database.app.query('SELECT * FROM audit_platform_page($1, NULL, NULL, 9)', [owner.userID]),
    ).toEqual([]);
  });

  test.each(['app', 'worker'] as const)('cannot be written by the role %s', async (role) => {
    const insert = `INSERT INTO audit_events (tenant_id, actor_kind, action, resource, subject_id)
                    VALUES ($1, 'System', 'Created', 'Member', 'x')`;
    await expect(
      site.database[role].withTenant(owner.tenantID, (client) => client.query(insert, [owner.tenantID])),
    ).rejects.toMatchObject({ code: '42501' });
    await expect(
      site.database[role].withTenant(owner.tenantID, (client) =>
        client.query(`UPDATE audit_events SET reason = 'forged'`),
      ),
    ).rejects.toMatchObject({ code: '42501' });
  });
});
