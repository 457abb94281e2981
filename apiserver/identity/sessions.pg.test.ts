import { beforeEach, describe, expect, test } from 'vitest';
import type { TestApi } from '../testing/test-api.ts';
import { testSite } from '../testing/test-site.ts';

const PASSWORD = 'SecureP@ss123';

describe('a session', () => {
  const site = testSite();
  let person: Awaited<ReturnType<TestApi['signUp']>>;
  let count = 0;
  beforeEach(async () => {
    count += 1;
    person = await site.api.signUp(`session-${count}`);
  });

  const logIn = async (password = PASSWORD) =>
    (await site.api.call('POST', '/api/auth/login', { body: { email: person.email, password } })).body;
  const refresh = (refreshToken: string) =>
    site.api.call('POST', '/api/auth/refresh', { body: { refreshToken } });
  const me = (token: string) => site.api.call('GET', '/api/auth/me', { token });

  test('goes on by refresh tokens, each of which is good once', async () => {
    const first = await logIn();
    const second = (await refresh(first.refreshToken)).body;
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect((await me(second.token)).body.user.email).toBe(person.email);
    const third = await refresh(second.refreshToken);
    expect(third.status).toBe(200);
  });

  test('ends, with every token of it, when a refresh token is seen again', async () => {
    const first = await logIn();
    const elsewhere = await logIn();
    const second = (await refresh(first.refreshToken)).body;
    const stolen = await refresh(first.refreshToken);
    expect([stolen.status, stolen.body.code]).toEqual([401, 'wrong_refresh_token']);
    expect((await refresh(second.refreshToken)).status).toBe(401);
    expect((await me(second.token)).status).toBe(401);
    expect((await me(first.token)).status).toBe(401);
    expect((await me(elsewhere.token)).status).toBe(200);
  });

  test('one of two that exchange the same refresh token at once gets nothing, and then neither has', async () => {
    const { refreshToken } = await logIn();
    const replies = await Promise.all([refresh(refreshToken), refresh(refreshToken)]);
    expect(replies.map((reply) => reply.status).toSorted((a, b) => a - b)).toEqual([200, 401]);
    const winner = replies.find((reply) => reply.status === 200);
    expect((await refresh(winner?.body.refreshToken)).status).toBe(401);
  });

  test.each([
    ['nonsense', 'vlr_nonsense'],
    ['an access token', ''],
  ])('is not to be had for %s', async (_what, given) => {
    const { token } = await logIn();
    const reply = await refresh(given === '' ? token : given);
    expect([reply.status, reply.body.code]).toEqual([401, 'wrong_refresh_token']);
  });

  test('keeps hashes of its tokens and nothing else', async () => {
    const { refreshToken } = await logIn();
    const rows = await site.database.asAdmin('SELECT t::text AS row FROM veralux.refresh_tokens t');
    expect(JSON.stringify(rows)).not.toContain(refreshToken);
    expect(rows.length).toBeGreaterThan(0);
  });

  test('ends 90 days after it began, however often it was refreshed', async () => {
    const { token, refreshToken } = await logIn();
    const { userID } = person;
    await site.database.asAdmin(
      `UPDATE veralux.sessions SET created_at = now() - interval '89 days' WHERE user_id = $1`,
      [userID],
    );
    const next = (await refresh(refreshToken)).body;
    expect((await me(token)).status).toBe(200);
    const [row] = await site.database.asAdmin<{ soon: boolean }>(
      `SELECT min(expires_at) < now() + interval '25 hours' AS soon FROM veralux.sessions WHERE user_id = $1`,
      [userID],
    );
    expect(row?.soon).toBe(true);
    await site.database.asAdmin(`UPDATE veralux.sessions SET expires_at = now() WHERE user_id = $1`, [
      userID,
    ]);
    expect((await refresh(next.refreshToken)).status).toBe(401);
  });

  test('ends by logout, and others do not', async () => {
    const [here, elsewhere] = [await logIn(), await logIn()];
    expect((await site.api.call('POST', '/api/auth/logout', { token: here.token })).status).toBe(204);
    expect([(await me(here.token)).status, (await refresh(here.refreshToken)).status]).toEqual([401, 401]);
    expect((await me(elsewhere.token)).status).toBe(200);
  });

  test('ends by logout everywhere, as all of the person and of nobody else', async () => {
    const [here, elsewhere] = [await logIn(), await logIn()];
    const other = await site.api.signUp(`other-${count}`);
    expect((await site.api.call('POST', '/api/auth/logout-everywhere', { token: here.token })).status).toBe(
      204,
    );
    for (const { token, refreshToken } of [here, elsewhere]) {
      expect([(await me(token)).status, (await refresh(refreshToken)).status]).toEqual([401, 401]);
    }
    expect((await me(other.token)).status).toBe(200);
  });

  test('goes on when its password is changed, and every other one ends', async () => {
    const [here, elsewhere] = [await logIn(), await logIn()];
    const body = { currentPassword: PASSWORD, newPassword: 'An0ther password' };
    const reply = await site.api.call('POST', '/api/auth/password', { token: here.token, body });
    expect(reply.status).toBe(204);
    expect([(await me(here.token)).status, (await me(elsewhere.token)).status]).toEqual([200, 401]);
    expect((await logIn()).code).toBe('wrong_credentials');
    expect((await logIn('An0ther password')).token).toBeDefined();
  });

  test('is not enough to change the password: the current one is', async () => {
    const body = { currentPassword: 'SecureP@ss124', newPassword: 'An0ther password' };
    const reply = await site.api.call('POST', '/api/auth/password', { token: person.token, body });
    expect([reply.status, reply.body.code]).toEqual([403, 'wrong_password']);
    expect((await logIn()).token).toBeDefined();
  });

  test('of one of several tenants gets another for the next, and both are good', async () => {
    const second = await site.api.signUp(`second-${count}`);
    await site.database.worker.query(
      `INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, 'Viewer')`,
      [second.tenantID, person.userID],
    );
    const list = await site.api.call('GET', '/api/auth/tenants', { token: person.token });
    expect(list.body.items.map((one: { id: string; role: string }) => [one.id, one.role])).toEqual([
      [second.tenantID, 'Viewer'],
      [person.tenantID, 'Owner'],
    ]);
    const body = { tenantID: second.tenantID };
    const switched = await site.api.call('POST', '/api/auth/switch', { token: person.token, body });
    expect(switched.body).toMatchObject({
      user: { id: person.userID },
      tenant: { id: second.tenantID, role: 'Viewer' },
    });
    expect((await me(switched.body.token)).body.tenant.id).toBe(second.tenantID);
    expect((await me(person.token)).body.tenant.id).toBe(person.tenantID);
    expect((await refresh(switched.body.refreshToken)).status).toBe(200);
  });

  test('is not to be had for a tenant of somebody else, nor for one that is not there', async () => {
    const other = await site.api.signUp(`foreign-${count}`);
    for (const tenantID of [other.tenantID, '11111111-1111-4111-8111-111111111111']) {
      const reply = await site.api.call('POST', '/api/auth/switch', {
        token: person.token,
        body: { tenantID },
      });
      expect([reply.status, reply.body.code]).toEqual([404, 'not_found']);
    }
  });

  test('pages through the tenants of a person', async () => {
    const somebody = await site.callers.person();
    const ids: string[] = [];
    for (const label of ['a', 'b', 'c']) {
      const { tenantID } = await site.api.signUp(`page-${label}-${count}`);
      ids.unshift(tenantID);
      await site.database.worker.query(
        `INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, 'Viewer')`,
        [tenantID, somebody.userID],
      );
    }
    const token = await site.callers.token(somebody);
    const first = await site.api.call('GET', '/api/auth/tenants?limit=2', { token });
    const rest = await site.api.call('GET', `/api/auth/tenants?limit=2&cursor=${first.body.nextCursor}`, {
      token,
    });
    const seen = [...first.body.items, ...rest.body.items].map((tenant: { id: string }) => tenant.id);
    expect([seen, rest.body.nextCursor]).toEqual([ids, null]);
  });
});
