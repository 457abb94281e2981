import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Callers } from '../testing/callers.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';

describe('sign-ups of a day', () => {
  let database: MigratedDatabase;
  /** Two replicas, whose caps are the same ones. */
  let replicas: readonly [TestApi, TestApi];
  let count = 0;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    const signupLimits = { perDay: 4, perNetwork: 3, perAddress: 2 };
    replicas = [
      await startTestApi(database, { signupLimits }),
      await startTestApi(database, { signupLimits }),
    ];
  });
  afterAll(async () => {
    await Promise.all(replicas.map((api) => api.stop()));
    await database.drop();
  });
  beforeEach(async () => {
    await database.asAdmin('DELETE FROM veralux.signup_counts');
    await database.asAdmin('DELETE FROM veralux.platform_switches');
  });

  async function signUp(from: string, email = `gate-${++count}@example.com`) {
    const api = replicas[count % 2] as TestApi;
    const body = { email, password: 'SecureP@ss123', name: 'A', companyName: 'B' };
    const reply = await api.call('POST', '/api/auth/signup', { body, headers: { 'x-forwarded-for': from } });
    return { status: reply.status, code: reply.body.code, retryAfter: reply.headers.get('retry-after') };
  }

  test('are bounded for one client, over all replicas, and another client has its own', async () => {
    const statuses = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await signUp('203.0.113.1')).status);
    expect(statuses).toEqual([201, 201, 201, 429]);
    expect((await signUp('203.0.113.2')).status).toBe(201);
  });

  test('are bounded for a /64 of IPv6, whose addresses are one client’s', async () => {
    const replies = [];
    for (let n = 1; n <= 4; n += 1) replies.push(await signUp(`2001:db8::${n}`));
    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 429]);
    expect(replies[3]?.code).toBe('signup_limit_reached');
    expect(Number(replies[3]?.retryAfter)).toBeGreaterThan(0);
  });

  test('are bounded all together', async () => {
    const statuses = [];
    for (let n = 1; n <= 5; n += 1) statuses.push((await signUp(`203.0.113.${10 + n}`)).status);
    expect(statuses).toEqual([201, 201, 201, 201, 429]);
  });

  test('are bounded all together also when they come at once', async () => {
    const replies = await Promise.all(Array.from({ length: 8 }, (_, n) => signUp(`203.0.113.${30 + n}`)));
    const made = replies.filter(({ status }) => status === 201);
    expect([made.length, replies.length - made.length]).toEqual([4, 4]);
  });

  test('may be tried for one address so often, so that nobody asks all day whether it has an account', async () => {
    const email = `asked-${++count}@example.com`;
    const codes = [];
    for (let n = 1; n <= 3; n += 1) codes.push((await signUp(`203.0.113.${20 + n}`, email)).code);
    expect(codes).toEqual([undefined, 'email_taken', 'signup_limit_reached']);
  });

  test('begin anew the next day', async () => {
    for (let n = 0; n < 4; n += 1) await signUp('203.0.113.3');
    await database.asAdmin('UPDATE veralux.signup_counts SET day = day - 1');
    expect((await signUp('203.0.113.3')).status).toBe(201);
  });

  test('are none while staff have switched signup off, on every replica at once', async () => {
    const callers = new Callers(database, replicas[0]);
    const token = await callers.token(await callers.staff());
    const put = (isOpen: boolean) =>
      replicas[0].call('PUT', '/api/admin/system/signup', { token, body: { isOpen, reason: 'a test' } });
    expect((await put(false)).body).toMatchObject({ isOpen: false, reason: 'a test' });
    for (const from of ['203.0.113.4', '203.0.113.5']) {
      expect(await signUp(from)).toMatchObject({ status: 403, code: 'signup_closed' });
    }
    await put(true);
    const read = await replicas[1].call('GET', '/api/admin/system/signup', { token });
    expect(read.body.isOpen).toBe(true);
    expect((await signUp('203.0.113.4')).status).toBe(201);
  });

  test('store neither networks nor addresses', async () => {
    await signUp('203.0.113.6', `stored-${++count}@example.com`);
    const rows = JSON.stringify(await database.asAdmin('SELECT source FROM veralux.signup_counts'));
    expect(rows).not.toMatch(/203\.0\.113|example/);
  });
});
