import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { SEND_MAIL } from '../jobs/job-queues.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { startTestMailbox, type TestMailbox } from '../testing/test-mailbox.ts';
import { until } from '../testing/until.ts';
import { mintLink } from './mail-links.ts';
import { type Mailer, smtpMailer } from './mailer.ts';
import { sendMail } from './send-mail.ts';

const PASSWORD = 'SecureP@ss123';
const consoleURL = 'https://console.example.com/';

describe('mailed links', () => {
  let database: MigratedDatabase;
  let mailbox: TestMailbox;
  let mailer: Mailer;
  let api: TestApi;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    mailbox = await startTestMailbox();
    mailer = smtpMailer({ url: mailbox.url, from: 'VeraLux <no-reply@example.com>', clock: systemClock });
    const deps = { database: database.worker, mailer, consoleURL, log: silentLogger };
    api = await startTestApi(database, { handlers: { [SEND_MAIL]: sendMail(deps) } });
  });
  afterAll(async () => {
    await api.stop();
    mailer.close();
    await mailbox.stop();
    await database.drop();
  });

  const post = (path: string, body: unknown, token?: string) =>
    api.call('POST', path, { body, ...(token === undefined ? {} : { token }) });
  const logIn = (email: string, password: string) => post('/api/auth/login', { email, password });
  const isVerified = async (userID: string) =>
    (
      await database.asAdmin<{ verified: boolean }>(
        'SELECT email_verified_at IS NOT NULL AS verified FROM veralux.users WHERE user_id = $1',
        [userID],
      )
    )[0]?.verified;

  test('a signup is mailed a link that verifies its address, once', async () => {
    const { email, userID } = await api.signUp('verify');
    const mail = await mailbox.wait(email, 'verify-email');
    expect(mail.url).toMatch(/^https:\/\/console\.example\.com\/verify-email#vll_/);
    expect(await isVerified(userID)).toBe(false);
    expect((await post('/api/auth/email/verify', { token: mail.token })).status).toBe(204);
    expect(await isVerified(userID)).toBe(true);
    const again = await post('/api/auth/email/verify', { token: mail.token });
    expect([again.status, again.body.code]).toEqual([403, 'wrong_link']);
  });

  test('a forgotten password is set by a mailed link; then every session and every such link has ended', async () => {
    const person = await api.signUp('forgotten');
    await post('/api/auth/password/forgotten', { email: person.email.toUpperCase() });
    const first = await mailbox.wait(person.email, 'reset-password');
    await post('/api/auth/password/forgotten', { email: person.email });
    const second = await mailbox.wait(person.email, 'reset-password', 2);
    const reset = (token: string, newPassword: string) =>
      post('/api/auth/password/reset', { token, newPassword });
    expect((await reset(second.token, 'An0ther password')).status).toBe(204);
    expect((await reset(second.token, 'a third password')).status).toBe(403);
    expect((await reset(first.token, 'a third password')).status).toBe(403);
    expect((await api.call('GET', '/api/auth/me', { token: person.token })).status).toBe(401);
    expect((await logIn(person.email, PASSWORD)).status).toBe(401);
    expect((await logIn(person.email, 'An0ther password')).status).toBe(200);
    expect(await isVerified(person.userID)).toBe(true);
  });

  test('a link is good for its purpose alone, and until its time is up', async () => {
    const person = await api.signUp('purpose');
    const { token } = await mailbox.wait(person.email, 'verify-email');
    const misused = await post('/api/auth/password/reset', { token, newPassword: 'An0ther password' });
    expect([misused.status, misused.body.code]).toEqual([403, 'wrong_link']);
    await database.asAdmin('UPDATE veralux.mail_links SET expires_at = now() WHERE user_id = $1', [
      person.userID,
    ]);
    expect((await post('/api/auth/email/verify', { token })).status).toBe(403);
  });

  test('an address without an account gets the same answer and no mail', async () => {
    const person = await api.signUp('known');
    const unknown = await post('/api/auth/password/forgotten', { email: 'unknown@example.com' });
    const known = await post('/api/auth/password/forgotten', { email: person.email });
    expect([unknown.status, unknown.body]).toEqual([known.status, known.body]);
    await mailbox.wait(person.email, 'reset-password');
    expect(mailbox.mails.filter((mail) => mail.to === 'unknown@example.com')).toEqual([]);
  });

  test('nobody’s mailbox is filled: five an hour, however often one asks', async () => {
    const person = await api.signUp('flooded');
    const deps = { database: database.worker, consoleURL };
    const links = [];
    for (let ask = 0; ask < 7; ask += 1) {
      links.push(await mintLink(deps, { mail: 'ResetPassword', id: person.userID }));
    }
    expect(links.map((link) => link !== undefined)).toEqual([true, true, true, true, true, false, false]);
  });

  test('the database and the jobs hold neither links nor addresses', async () => {
    const { email } = await api.signUp('secret');
    const { token } = await mailbox.wait(email, 'verify-email');
    const rows = await database.asAdmin<{ row: string }>(
      `SELECT l::text AS row FROM veralux.mail_links l
       UNION ALL SELECT data::text FROM pgboss.job WHERE name = '${SEND_MAIL}'`,
    );
    const text = JSON.stringify(rows);
    expect(text).not.toContain(token);
    expect(text).not.toContain(email);
  });

  test('a mail that the server refuses for now is sent later; one that it refuses for good is set aside', {
    timeout: 60_000,
  }, async () => {
    const person = await api.signUp('later');
    await mailbox.wait(person.email, 'verify-email');
    mailbox.refuse(550);
    await post('/api/auth/password/forgotten', { email: person.email });
    await until(async () => {
      const rows = await database.asAdmin(`SELECT FROM pgboss.job WHERE name = '${SEND_MAIL}-refused'`);
      return rows.length > 0 ? true : undefined;
    });
    mailbox.refuse(451);
    await post('/api/auth/password/forgotten', { email: person.email });
    await until(async () => {
      const rows = await database.asAdmin(
        `SELECT FROM pgboss.job WHERE name = '${SEND_MAIL}' AND state = 'retry'`,
      );
      return rows.length > 0 ? true : undefined;
    });
    mailbox.refuse(undefined);
    await mailbox.wait(person.email, 'reset-password');
  });
});
