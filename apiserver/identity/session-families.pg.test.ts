import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { mintLink } from '../mail/mail-links.ts';
import { quickBcrypt, startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { until } from '../testing/until.ts';
import { PasswordHasher } from './password-hasher.ts';

const PASSWORD = 'SecureP@ss123';
const CONSOLE = 'https://console.example.com';

interface Tokens {
  readonly token: string;
  readonly refreshToken: string;
}

describe('sessions that come from one another', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  let person: Awaited<ReturnType<TestApi['signUp']>>;
  let secondTenantID: string;
  let first: Tokens;
  /** Held by a test in the midst of a comparison. */
  let comparing: { readonly entered: () => void; readonly held: Promise<void> } | undefined;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    const bcrypt = {
      ...quickBcrypt,
      compare: async (password: string | Buffer, hash: string) => {
        comparing?.entered();
        await comparing?.held;
        return quickBcrypt.compare(password, hash);
      },
    };
    api = await startTestApi(database, { hasher: new PasswordHasher({ bcrypt, concurrency: 2 }) });
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });
  beforeEach(async () => {
    comparing = undefined;
    person = await api.signUp(randomUUID());
    secondTenantID = (await api.signUp(randomUUID())).tenantID;
    await database.worker.query(
      `INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, 'Viewer')`,
      [secondTenantID, person.userID],
    );
    first = (await logIn()).body;
  });

  const post = (path: string, options: { token?: string; body?: unknown; key?: string } = {}) =>
    api.call('POST', `/api/auth/${path}`, {
      ...options,
      ...(options.key === undefined ? {} : { headers: { 'idempotency-key': options.key } }),
    });
  const logIn = (password = PASSWORD) => post('login', { body: { email: person.email, password } });
  const switchFrom = ({ token }: Tokens) => post('switch', { token, body: { tenantID: secondTenantID } });
  const refresh = ({ refreshToken }: Tokens) => post('refresh', { body: { refreshToken } });
  const isGood = async ({ token }: Tokens) =>
    (await api.call('GET', '/api/auth/me', { token })).status === 200;

  async function linkFor(mail: 'ResetPassword' | 'Invitation', id: string): Promise<string> {
    const link = await mintLink({ database: database.worker, consoleURL: CONSOLE }, { mail, id });
    return link?.url.split('#')[1] ?? '';
  }

  async function resetPassword(userID = person.userID): Promise<void> {
    const body = { token: await linkFor('ResetPassword', userID), newPassword: 'An0ther password' };
    expect((await post('password/reset', { body })).status).toBe(204);
  }

  /** Resolves once as many statements wait for a lock. */
  async function lockedStatements(count: number): Promise<void> {
    await until(async () => {
      const waiting = await database.asAdmin(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return waiting.length === count ? true : undefined;
    });
  }

  test.each([
    ['the first is logged out', async () => void (await post('logout', { token: first.token }))],
    [
      'a refresh token of the first is seen again',
      async () => {
        await refresh(first);
        await refresh(first);
      },
    ],
  ])('all end when %s, and those of another login do not', async (_what, end) => {
    const elsewhere = (await logIn()).body;
    const second = (await switchFrom(first)).body;
    const third = (await post('switch', { token: second.token, body: { tenantID: person.tenantID } })).body;
    await end();
    expect(await Promise.all([first, second, third].map(isGood))).toEqual([false, false, false]);
    expect((await refresh(third)).status).toBe(401);
    expect(await isGood(elsewhere)).toBe(true);
  });

  test.each([
    ['is logged out', async (last: Tokens) => void (await post('logout', { token: last.token }))],
    [
      'has a refresh token that is seen again',
      async (last: Tokens) => {
        await refresh(last);
        await refresh(last);
      },
    ],
  ])('all end when the last of them %s', async (_what, end) => {
    const second = (await switchFrom(first)).body;
    await end(second);
    expect(await Promise.all([first, second].map(isGood))).toEqual([false, false]);
  });

  test('end with the one by which an invitation was accepted', async () => {
    const host = await api.signUp(randomUUID());
    await database.asAdmin('UPDATE veralux.users SET email_verified_at = now() WHERE user_id = $1', [
      person.userID,
    ]);
    const invited = await api.call('POST', '/api/admin/invitations', {
      token: host.token,
      body: { email: person.email, role: 'Viewer' },
    });
    const token = await linkFor('Invitation', invited.body.id);
    const accepted = await post('invitations/accept', { token: first.token, body: { token } });
    expect(accepted.status).toBe(200);
    await post('logout', { token: first.token });
    expect(await isGood(accepted.body)).toBe(false);
  });

  test('end 90 days after the first of them began', async () => {
    await database.asAdmin(
      `UPDATE veralux.sessions SET created_at = now() - interval '89 days' WHERE user_id = $1`,
      [person.userID],
    );
    const endsSoon = async () => {
      const [row] = await database.asAdmin<{ soon: boolean }>(
        `SELECT max(expires_at) < now() + interval '25 hours' AS soon FROM veralux.sessions
          WHERE user_id = $1 AND tenant_id = $2`,
        [person.userID, secondTenantID],
      );
      return row?.soon;
    };
    const second = (await switchFrom(first)).body;
    expect(await endsSoon()).toBe(true);
    expect((await refresh(second)).status).toBe(200);
    expect(await endsSoon()).toBe(true);
  });

  test('are none where a switch and a logout everywhere meet', async () => {
    const holder = new Client({ connectionString: database.adminURL });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM veralux.users WHERE user_id = $1 FOR UPDATE', [person.userID]);
    const switching = switchFrom(first);
    await lockedStatements(1);
    const ending = post('logout-everywhere', { token: first.token });
    await lockedStatements(2);
    await holder.query('COMMIT');
    await holder.end();
    expect((await ending).status).toBe(204);
    const { status, body } = await switching;
    expect(status === 401 || !(await isGood(body))).toBe(true);
    expect(await isGood(first)).toBe(false);
  });

  test('do not begin with a password that was changed while it was compared', async () => {
    const entered = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    comparing = { entered: entered.resolve, held: held.promise };
    const login = logIn();
    await entered.promise;
    await resetPassword();
    held.resolve();
    const reply = await login;
    expect([reply.status, reply.body.code]).toEqual([401, 'wrong_credentials']);
    expect((await logIn('An0ther password')).status).toBe(200);
  });

  test('do not begin by a sign-up that is repeated after the password was changed', async () => {
    const body = {
      email: `${randomUUID()}@example.com`,
      password: PASSWORD,
      name: 'Jane',
      companyName: 'Acme',
    };
    const key = randomUUID();
    const account = (await post('signup', { body, key })).body;
    expect((await post('signup', { body, key })).status).toBe(201);
    await resetPassword(account.user.id);
    const repeated = await post('signup', { body, key });
    expect([repeated.status, repeated.body.code]).toEqual([401, 'wrong_credentials']);
  });

  test('do not begin by joining again after the password was changed', async () => {
    const invited = await api.call('POST', '/api/admin/invitations', {
      token: person.token,
      body: { email: `${randomUUID()}@example.com`, role: 'Viewer' },
    });
    const body = { token: await linkFor('Invitation', invited.body.id), name: 'Joe', password: PASSWORD };
    const key = randomUUID();
    const account = (await post('invitations/join', { body, key })).body;
    expect((await post('invitations/join', { body, key })).status).toBe(201);
    const change = { currentPassword: PASSWORD, newPassword: 'An0ther password' };
    expect((await post('password', { token: account.token, body: change })).status).toBe(204);
    const repeated = await post('invitations/join', { body, key });
    expect([repeated.status, repeated.body.code]).toEqual([401, 'wrong_credentials']);
  });
});
