import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PasswordHasher } from '../identity/password-hasher.ts';
import { quickBcrypt, startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { CommandRefused, runCommand } from './commands.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

describe('the admin command', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    api = await startTestApi(database);
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  const run = (...args: string[]) =>
    runCommand(
      {
        database: database.worker,
        hasher: new PasswordHasher({ bcrypt: quickBcrypt }),
        consoleURL: 'https://console.example.com',
      },
      args,
    );
  const post = (path: string, body: unknown) => api.call('POST', path, { body });

  test('makes an account staff, which holds until it is taken away', async () => {
    const { email, token } = await api.signUp('staff');
    await expect(run('make-staff', email)).rejects.toThrow('Nobody has proven yet');
    const proof = await run('show-link', 'verify-email', email);
    await post('/api/auth/email/verify', { token: proof.split('#')[1] });
    const readSwitch = async () => (await api.call('GET', '/api/admin/system/signup', { token })).status;
    expect(await readSwitch()).toBe(403);
    expect(await run('make-staff', email.toUpperCase())).toBe(`${email} is staff now.`);
    expect(await readSwitch()).toBe(200);
    await run('remove-staff', email);
    expect(await readSwitch()).toBe(403);
  });

  test('makes staff of somebody without an account, and shows the link that sets their password', async () => {
    const output = await run('make-staff', 'new-staff@example.com');
    const token = /reset-password#(\S+)/.exec(output)?.[1];
    expect((await post('/api/auth/password/reset', { token, newPassword: 'SecureP@ss123' })).status).toBe(
      204,
    );
    const login = await post('/api/auth/login', {
      email: 'new-staff@example.com',
      password: 'SecureP@ss123',
    });
    expect(login.body).toMatchObject({ user: { email: 'new-staff@example.com' }, tenant: null });
  });

  test('shows the links that would be mailed', async () => {
    const { email, token } = await api.signUp('linked');
    const verify = await run('show-link', 'verify-email', email);
    expect((await post('/api/auth/email/verify', { token: verify.split('#')[1] })).status).toBe(204);
    const body = { email: 'guest@example.com', role: 'Viewer' };
    const invited = await api.call('POST', '/api/admin/invitations', { token, body });
    const link = await run('show-link', 'invitation', invited.body.id);
    const join = { token: link.split('#')[1], name: 'Guest', password: 'SecureP@ss123' };
    expect((await post('/api/auth/invitations/join', join)).status).toBe(201);
  });

  test('switches signup off and on', async () => {
    await run('signup', 'off', 'a', 'test');
    await expect(api.signUp('refused')).rejects.toThrow('signup_closed');
    await run('signup', 'on', 'a test');
    await api.signUp('taken-again');
  });

  test.each([
    [[]],
    [['unknown']],
    [['make-staff']],
    [['remove-staff', 'nobody@example.com']],
    [['show-link', 'reset-password', 'nobody@example.com']],
    [['show-link', 'invitation', 'not-an-id']],
    [['show-link', 'verify-email']],
    [['signup', 'off']],
    [['replay-erasures', '/nowhere']],
    [['replay-erasures', MAIN]],
  ])('refuses %j and says why', async (args) => {
    await expect(run(...args)).rejects.toThrow(CommandRefused);
  });

  test('says that a list of erasures is of another database', async () => {
    const { tenantID } = await api.signUp('erasing');
    await database.worker.query(
      `INSERT INTO erasures (tenant_id, erasure_id, hashes, lengths) VALUES ($1, gen_random_uuid(), '{}', '{}')`,
      [tenantID],
    );
    const list = await run('list-erasures');
    const directory = await mkdtemp(join(tmpdir(), 'erasures-'));
    const [ours, theirs] = [join(directory, 'ours'), join(directory, 'theirs')];
    await writeFile(ours, list);
    await writeFile(theirs, list.replace(/"keyFingerprint":"\w+"/, `"keyFingerprint":"${'0'.repeat(64)}"`));
    expect(await run('replay-erasures', ours)).toBe('1 erasures hold.');
    await expect(run('replay-erasures', theirs)).rejects.toThrow(CommandRefused);
    await rm(directory, { recursive: true });
  });

  test('is a program, whose answer is its output', async () => {
    const env = { WORKER_DATABASE_URL: database.workerURL };
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'signup', 'on', 'a test'], { env });
    expect(stdout).toBe('Signup is on.\n');
  });
});
