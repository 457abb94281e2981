import { describe, expect, test } from 'vitest';
import { PROVISION_TENANT } from '../jobs/job-queues.ts';
import { testSite } from '../testing/test-site.ts';
import { PasswordHasher } from './password-hasher.ts';

const acme = {
  email: ' User@Example.COM ',
  password: 'SecureP@ss123',
  name: 'Jane Smith',
  companyName: 'Acme Corp',
};

describe('signup, login and me', () => {
  const site = testSite({ hasher: new PasswordHasher() });

  test("the guide's signup answers user, tenant and tokens that work at once", async () => {
    const reply = await site.api.call('POST', '/api/auth/signup', { body: acme });
    expect(reply.status).toBe(201);
    expect(reply.body).toEqual({
      user: { id: expect.any(String), email: 'user@example.com', name: 'Jane Smith' },
      tenant: {
        id: expect.any(String),
        name: expect.stringMatching(/^acme-corp-[a-z0-9]{5}$/),
        displayName: 'Acme Corp',
        plan: 'Free',
        role: 'Owner',
      },
      token: expect.any(String),
      refreshToken: expect.stringMatching(/^vlr_/),
    });
    const me = await site.api.call('GET', '/api/auth/me', { token: reply.body.token });
    expect(me.body).toEqual({ user: reply.body.user, tenant: reply.body.tenant });
  });

  test('signup leaves one job, which holds the id of the tenant and nothing else', async () => {
    const { tenantID } = await site.api.signUp('job');
    const jobs = await site.database.worker.query<{ data: unknown }>(
      `SELECT data FROM pgboss.job WHERE name = $1 AND data->>'tenantID' = $2`,
      [PROVISION_TENANT, tenantID],
    );
    expect(jobs).toEqual([{ data: { tenantID } }]);
  });

  test('an address is taken however it is written, and nothing of the second signup stays', async () => {
    await site.api.signUp('taken');
    const before = await counts();
    const reply = await site.api.call('POST', '/api/auth/signup', {
      body: { ...acme, email: 'TAKEN@EXAMPLE.com', companyName: 'Second' },
    });
    expect(reply.status).toBe(409);
    expect(reply.body).toMatchObject({ code: 'email_taken', status: 409 });
    expect(await counts()).toEqual(before);
  });

  test.each([
    ['an unknown field that would give power', { ...acme, role: 'Owner' }, 'body'],
    ['a tenant id of their own', { ...acme, tenantID: '00000000-0000-4000-8000-000000000000' }, 'body'],
    ['a plan', { ...acme, plan: 'Enterprise' }, 'body'],
    ['a password that bcrypt would cut', { ...acme, password: 'ä'.repeat(37) }, 'body.password'],
    ['a password of seven characters', { ...acme, password: 'seven77' }, 'body.password'],
    ['a password with NUL', { ...acme, password: 'long enough\0' }, 'body.password'],
    ['no address', { ...acme, email: 'nobody' }, 'body.email'],
    ['an empty company', { ...acme, companyName: '  ' }, 'body.companyName'],
    ['a control character', { ...acme, name: 'Jane\u0000' }, 'body.name'],
  ])('signup with %s is refused, naming the field', async (_case, body, path) => {
    const reply = await site.api.call('POST', '/api/auth/signup', { body });
    expect(reply.status).toBe(400);
    expect(reply.body.code).toBe('invalid_request');
    expect(reply.body.errors.map((error: { path: string }) => error.path)).toContain(path);
  });

  test('login gives a token for the same tenant; a wrong password and an unknown person look alike', async () => {
    const { email, tenantID } = await site.api.signUp('login');
    const right = await site.api.call('POST', '/api/auth/login', {
      body: { email: email.toUpperCase(), password: 'SecureP@ss123' },
    });
    expect(right.status).toBe(200);
    expect(right.body.tenant.id).toBe(tenantID);
    const wrong = await site.api.call('POST', '/api/auth/login', {
      body: { email, password: 'SecureP@ss124' },
    });
    const unknown = await site.api.call('POST', '/api/auth/login', {
      body: { email: 'nobody@example.com', password: 'SecureP@ss123' },
    });
    expect([wrong.status, wrong.body.code]).toEqual([401, 'wrong_credentials']);
    expect({ ...unknown.body, requestID: '' }).toEqual({ ...wrong.body, requestID: '' });
  });

  test('a token ends with its session and with the membership', async () => {
    const first = await site.api.signUp('revoked');
    const admin = await site.database.worker.query<{ n: string }>('SELECT count(*) AS n FROM memberships');
    expect(Number(admin[0]?.n)).toBeGreaterThan(0);
    await site.database.asAdmin('DELETE FROM veralux.memberships WHERE user_id = $1', [first.userID]);
    const reply = await site.api.call('GET', '/api/auth/me', { token: first.token });
    expect([reply.status, reply.body.code]).toEqual([401, 'not_authenticated']);
    expect(reply.headers.get('www-authenticate')).toBe('Bearer');
  });

  test('the database holds a bcrypt hash of cost 12 and never the password', async () => {
    await site.api.signUp('hash');
    const rows = await site.database.worker.query<{ password_hash: string }>(
      'SELECT password_hash FROM users',
    );
    for (const row of rows) expect(row.password_hash).toMatch(/^\$2b\$12\$/);
  });

  async function counts() {
    return site.database.worker.query(
      `SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM tenants) AS tenants,
              (SELECT count(*) FROM memberships) AS memberships, (SELECT count(*) FROM pgboss.job) AS jobs`,
    );
  }
});

describe('on-prem', () => {
  const site = testSite({ saasMode: false });

  test('signup is closed with a code that says so', async () => {
    const reply = await site.api.call('POST', '/api/auth/signup', { body: acme });
    expect([reply.status, reply.body.code]).toEqual([403, 'signup_closed']);
  });
});
