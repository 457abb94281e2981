import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PasswordHasher } from '../identity/password-hasher.ts';
import type { TenantRole } from '../identity/permissions.ts';
import { mintLink } from '../mail/mail-links.ts';
import { Callers, type TestPerson } from '../testing/callers.ts';
import { quickBcrypt, startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { until } from '../testing/until.ts';

describe('the people of a tenant', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  let callers: Callers;
  let owner: Awaited<ReturnType<TestApi['signUp']>>;
  let admin: TestPerson;
  let viewer: TestPerson;
  /** How many passwords were hashed. */
  let hashed = 0;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    const bcrypt = {
      ...quickBcrypt,
      hash: (password: string | Buffer) => {
        hashed += 1;
        return quickBcrypt.hash(password);
      },
    };
    api = await startTestApi(database, { hasher: new PasswordHasher({ bcrypt }) });
    callers = new Callers(database, api);
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });
  beforeEach(async () => {
    owner = await api.signUp(randomUUID());
    admin = await callers.person(owner.tenantID, 'Admin');
    viewer = await callers.person(owner.tenantID, 'Viewer');
  });

  const setRole = async (token: string, userID: string, role: TenantRole) =>
    api.call('PATCH', `/api/admin/members/${userID}`, { token, body: { role } });
  const remove = (token: string, userID: string) =>
    api.call('DELETE', `/api/admin/members/${userID}`, { token });
  const members = async (token = owner.token) =>
    (await api.call('GET', '/api/admin/members', { token })).body.items as {
      id: string;
      role: TenantRole;
      email: string;
    }[];

  test('are listed, those of the tenant and no others', async () => {
    const other = await api.signUp(randomUUID());
    const rolesByID = Object.fromEntries((await members()).map(({ id, role }) => [id, role]));
    expect(rolesByID).toEqual({
      [owner.userID]: 'Owner',
      [admin.userID]: 'Admin',
      [viewer.userID]: 'Viewer',
    });
    expect((await members(other.token)).map(({ id }) => id)).toEqual([other.userID]);
  });

  test('get another role, which holds from the next request on', async () => {
    const token = await callers.token(viewer);
    expect((await api.call('GET', '/api/admin/invitations', { token })).status).toBe(403);
    const reply = await setRole(owner.token, viewer.userID, 'Admin');
    expect([reply.status, reply.body.role]).toEqual([200, 'Admin']);
    expect((await api.call('GET', '/api/admin/invitations', { token })).status).toBe(200);
  });

  test('are removed, and with them their sessions in the tenant', async () => {
    const token = await callers.token(viewer);
    expect((await remove(owner.token, viewer.userID)).status).toBe(204);
    expect((await api.call('GET', '/api/auth/me', { token })).status).toBe(401);
    expect((await remove(owner.token, viewer.userID)).status).toBe(404);
  });

  describe('who made API keys and invitations', () => {
    let token: string;
    let key: string;
    let invited: string;
    beforeEach(async () => {
      token = await callers.token(admin);
      key = (await makeKey(token)).body.key;
      invited = (await invite(token)).body.id;
    });

    const makeKey = (by: string) =>
      api.call('POST', '/api/admin/api-keys', { token: by, body: { name: 'A', scopes: ['usage:read'] } });
    const invite = (by: string, email = `${randomUUID()}@example.com`) =>
      api.call('POST', '/api/admin/invitations', { token: by, body: { email, role: 'Viewer' } });
    const statuses = async (ofKey = key, ofInvitation = invited) => [
      (await api.call('GET', '/api/admin/usage', { token: ofKey })).status,
      (await api.call('GET', `/api/admin/invitations/${ofInvitation}`, { token: owner.token })).status,
    ];

    test('lose them when they are removed, with an invitation of their own, and others keep theirs', async () => {
      const others = [(await makeKey(owner.token)).body.key, (await invite(owner.token)).body.id] as const;
      const email = `${admin.userID}@example.com`;
      await database.asAdmin(
        `INSERT INTO veralux.invitations (tenant_id, invitation_id, email, role, expires_at)
         VALUES ($1, gen_random_uuid(), $2, 'Owner', now() + interval '1 day')`,
        [owner.tenantID, email],
      );
      expect(await statuses()).toEqual([200, 200]);
      expect((await remove(owner.token, admin.userID)).status).toBe(204);
      expect(await statuses()).toEqual([401, 404]);
      expect(await statuses(...others)).toEqual([200, 200]);
      expect((await invite(owner.token, email)).status).toBe(201);
    });

    test('lose them when they are Viewers from now on, and keep them as Owners', async () => {
      await setRole(owner.token, admin.userID, 'Owner');
      expect(await statuses()).toEqual([200, 200]);
      await setRole(owner.token, admin.userID, 'Viewer');
      expect(await statuses()).toEqual([401, 404]);
    });

    test.each([
      ['key', makeKey],
      ['invitation', invite],
    ])('make no %s any more once the removal is under way', async (_what, make) => {
      const holder = new Client({ connectionString: database.adminURL });
      await holder.connect();
      await holder.query('BEGIN');
      await holder.query('DELETE FROM veralux.memberships WHERE user_id = $1', [admin.userID]);
      const making = make(token);
      await until(async () => {
        const waiting = await database.asAdmin(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return waiting.length === 1 ? true : undefined;
      });
      await holder.query('COMMIT');
      await holder.end();
      expect((await making).status).toBe(403);
    });
  });

  test('are made and unmade owners by owners alone', async () => {
    const token = await callers.token(admin);
    for (const reply of [
      await setRole(token, viewer.userID, 'Owner'),
      await setRole(token, owner.userID, 'Viewer'),
      await remove(token, owner.userID),
    ]) {
      expect([reply.status, reply.body.code]).toEqual([403, 'not_permitted']);
    }
    expect((await setRole(owner.token, admin.userID, 'Owner')).status).toBe(200);
    expect((await remove(await callers.token(admin), owner.userID)).status).toBe(204);
  });

  test('always have an owner among them', async () => {
    for (const reply of [
      await setRole(owner.token, owner.userID, 'Admin'),
      await remove(owner.token, owner.userID),
    ]) {
      expect([reply.status, reply.body.code]).toEqual([409, 'last_owner']);
    }
  });

  test('keep an owner also when two owners unmake each other at once', async () => {
    await setRole(owner.token, admin.userID, 'Owner');
    const other = await callers.token(admin);
    // Both are known to be owners by then, and wait for what this holds.
    const holder = new Client({ connectionString: database.adminURL });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM veralux.memberships WHERE tenant_id = $1 FOR UPDATE', [owner.tenantID]);
    const both = Promise.all([
      setRole(owner.token, admin.userID, 'Viewer'),
      setRole(other, owner.userID, 'Viewer'),
    ]);
    await until(async () => {
      const waiting = await database.asAdmin(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return waiting.length === 2 ? true : undefined;
    });
    await holder.query('COMMIT');
    await holder.end();
    const statuses = (await both).map((reply) => reply.status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 409]);
    expect((await members()).filter(({ role }) => role === 'Owner')).toHaveLength(1);
  });

  describe('who are invited', () => {
    const invite = (body: { email: string; role: TenantRole }, token = owner.token) =>
      api.call('POST', '/api/admin/invitations', { token, body });
    const accept = (token: string, link: string) =>
      api.call('POST', '/api/auth/invitations/accept', { token, body: { token: link } });
    const join = (link: string) =>
      api.call('POST', '/api/auth/invitations/join', {
        body: { token: link, name: 'New Person', password: 'SecureP@ss123' },
      });
    const verify = (userID: string) =>
      database.asAdmin('UPDATE veralux.users SET email_verified_at = now() WHERE user_id = $1', [userID]);

    /** The token of the mail that an invitation would send. */
    async function linkFor(email: string, role: TenantRole = 'Viewer'): Promise<string> {
      const { body } = await invite({ email, role });
      const deps = { database: database.worker, consoleURL: 'https://console.example.com' };
      const link = await mintLink(deps, { mail: 'Invitation', id: body.id });
      return link?.url.split('#')[1] ?? '';
    }

    test('become members with an account that they make, whose address is verified by the link', async () => {
      const email = `${randomUUID()}@example.com`;
      const link = await linkFor(email, 'Admin');
      const reply = await join(link);
      expect(reply.status).toBe(201);
      expect(reply.body).toMatchObject({
        user: { email, name: 'New Person' },
        tenant: { id: owner.tenantID, role: 'Admin' },
      });
      expect((await members(reply.body.token)).map((one) => one.email)).toContain(email);
      expect((await join(link)).body.code).toBe('wrong_link');
    });

    test('have no password hashed for a link that is not good: that would cost whoever sends it nothing', async () => {
      const link = await linkFor(`${randomUUID()}@example.com`);
      hashed = 0;
      expect((await join('vll_none')).body.code).toBe('wrong_link');
      expect(hashed).toBe(0);
      expect((await join(link)).status).toBe(201);
      expect((await join(link)).body.code).toBe('wrong_link');
      expect(hashed).toBe(1);
    });

    test('become members of a further tenant with the account that they have', async () => {
      const other = await api.signUp(randomUUID());
      const link = await linkFor(other.email);
      expect((await join(link)).body.code).toBe('email_taken');
      await verify(other.userID);
      const reply = await accept(other.token, link);
      expect([reply.status, reply.body.tenant?.id]).toEqual([200, owner.tenantID]);
      const { body } = await api.call('GET', '/api/auth/tenants', { token: other.token });
      expect(body.items.map((one: { id: string }) => one.id)).toEqual([owner.tenantID, other.tenantID]);
      expect((await accept(other.token, link)).body.code).toBe('wrong_link');
    });

    test('accept nothing with an address that is not verified, nor with that of somebody else', async () => {
      const other = await api.signUp(randomUUID());
      const stranger = await api.signUp(randomUUID());
      await verify(stranger.userID);
      const link = await linkFor(other.email);
      expect((await accept(other.token, link)).body.code).toBe('email_not_verified');
      expect((await accept(stranger.token, link)).body.code).toBe('other_address');
      await verify(other.userID);
      expect((await accept(other.token, link)).status).toBe(200);
    });

    test('get nothing by an invitation that was revoked or is too old', async () => {
      const email = `${randomUUID()}@example.com`;
      const link = await linkFor(email);
      const { items } = (await api.call('GET', '/api/admin/invitations', { token: owner.token })).body;
      const path = `/api/admin/invitations/${items[0].id}`;
      expect((await api.call('DELETE', path, { token: owner.token })).status).toBe(204);
      expect((await api.call('GET', path, { token: owner.token })).status).toBe(404);
      expect((await join(link)).body.code).toBe('wrong_link');
      const second = await linkFor(email);
      await database.asAdmin('UPDATE veralux.invitations SET expires_at = now() WHERE email = $1', [email]);
      expect((await join(second)).body.code).toBe('wrong_link');
      expect((await invite({ email, role: 'Viewer' })).status).toBe(201);
    });

    test('are invited once at a time, and not when they are members', async () => {
      const email = `${randomUUID()}@example.com`;
      const first = await invite({ email, role: 'Viewer' });
      expect(first.headers.get('location')).toBe(`/api/admin/invitations/${first.body.id}`);
      expect((await invite({ email, role: 'Admin' })).body.code).toBe('already_invited');
      expect((await invite({ email: owner.email, role: 'Viewer' })).body.code).toBe('already_member');
      const elsewhere = await api.signUp(randomUUID());
      expect((await invite({ email, role: 'Viewer' }, elsewhere.token)).status).toBe(201);
    });

    test('are invited as owners by owners alone', async () => {
      const email = `${randomUUID()}@example.com`;
      const reply = await invite({ email, role: 'Owner' }, await callers.token(admin));
      expect([reply.status, reply.body.code]).toEqual([403, 'not_permitted']);
    });

    test('are at most a hundred a day', async () => {
      await database.asAdmin(
        `INSERT INTO veralux.invitations (tenant_id, invitation_id, email, role, expires_at)
         SELECT $1, gen_random_uuid(), n || '@example.com', 'Viewer', now() FROM generate_series(1, 100) n`,
        [owner.tenantID],
      );
      const reply = await invite({ email: `${randomUUID()}@example.com`, role: 'Viewer' });
      expect([reply.status, reply.body.code]).toEqual([409, 'too_many']);
    });
  });
});
