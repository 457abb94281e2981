import { beforeAll, describe, expect, test } from 'vitest';
import type { TestPerson } from '../testing/callers.ts';
import { testSite } from '../testing/test-site.ts';

const NOBODY = '11111111-1111-4111-8111-111111111111';

describe('staff in a tenant of somebody else', () => {
  const site = testSite();
  let staff: TestPerson;
  let token: string;
  let tenantID: string;
  beforeAll(async () => {
    staff = await site.callers.staff();
    token = await site.callers.token(staff);
    ({ tenantID } = await site.api.signUp('theirs'));
  });

  const get = (path: string, tenant?: string, reason?: string) =>
    site.api.call('GET', path, {
      token,
      headers: {
        ...(tenant === undefined ? {} : { 'x-veralux-tenant': tenant }),
        ...(reason === undefined ? {} : { 'x-veralux-reason': reason }),
      },
    });

  test('are there on the record, with what they did and why', async () => {
    expect((await get('/api/admin/calls', tenantID, 'ticket 7')).status).toBe(200);
    expect((await get('/api/admin/usage', tenantID)).status).toBe(200);
    const rows = await site.database.asAdmin(
      `SELECT tenant_id, user_id, operation, reason FROM veralux.staff_accesses ORDER BY accessed_at`,
    );
    const common = { tenant_id: tenantID, user_id: staff.userID };
    expect(rows).toEqual([
      { ...common, operation: 'listCalls', reason: 'ticket 7' },
      { ...common, operation: 'readUsage', reason: null },
    ]);
  });

  test.each([undefined, '', '  '])('see no callers’ words for the reason %j', async (reason) => {
    const reply = await get('/api/admin/calls', tenantID, reason);
    expect([reply.status, reply.body.code]).toEqual([400, 'reason_required']);
  });

  test.each([
    ['POST', '/api/admin/api-keys', { name: 'A', scopes: ['calls:read'] }, 201],
    ['DELETE', `/api/admin/api-keys/${NOBODY}`, undefined, 404],
    ['POST', '/api/admin/invitations', { email: 'friend@example.com', role: 'Viewer' }, 201],
    ['DELETE', `/api/admin/invitations/${NOBODY}`, undefined, 404],
    ['PATCH', `/api/admin/members/${NOBODY}`, { role: 'Viewer' }, 404],
    ['DELETE', `/api/admin/members/${NOBODY}`, undefined, 404],
    ['PUT', '/api/admin/config/knowledge', { knowledge: [] }, 428],
  ])('say why before they change anything: %s %s', async (method, path, body, status) => {
    const call = (headers: Record<string, string>) =>
      site.api.call(method, path, {
        token,
        headers: { 'x-veralux-tenant': tenantID, ...headers },
        ...(body === undefined ? {} : { body }),
      });
    expect((await call({})).body.code).toBe('reason_required');
    expect((await call({ 'x-veralux-reason': 'ticket 8' })).status).toBe(status);
  });

  test.each([
    ['a tenant that is not there', '11111111-1111-4111-8111-111111111111', 404, 'not_found'],
    ['what is no id', 'nonsense', 404, 'not_found'],
    ['no tenant', undefined, 409, 'no_tenant'],
  ])('who name %s are nowhere', async (_what, named, status, code) => {
    const reply = await get('/api/admin/usage', named);
    expect([reply.status, reply.body.code]).toEqual([status, code]);
  });

  test('use nothing of the tenant’s API requests', async () => {
    site.api.counted.splice(0);
    await get('/api/admin/usage', tenantID);
    expect(site.api.counted).toEqual([]);
  });

  test('are nobody from the moment they are staff no more', async () => {
    await site.database.worker.query('UPDATE users SET is_staff = false WHERE user_id = $1', [staff.userID]);
    expect((await get('/api/admin/usage', tenantID)).status).toBe(404);
  });
});
