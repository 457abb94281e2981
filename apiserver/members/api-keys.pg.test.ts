import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { TestApi } from '../testing/test-api.ts';
import { testSite } from '../testing/test-site.ts';

describe('an API key', () => {
  const site = testSite();
  let owner: Awaited<ReturnType<TestApi['signUp']>>;
  beforeEach(async () => {
    owner = await site.api.signUp(randomUUID());
  });

  const create = (body: object = {}, headers: Record<string, string> = {}) =>
    site.api.call('POST', '/api/admin/api-keys', {
      token: owner.token,
      body: { name: 'Nightly export', scopes: ['usage:read'], ...body },
      headers,
    });
  const use = async (key: string) => (await site.api.call('GET', '/api/admin/usage', { token: key })).status;
  const list = async () =>
    (await site.api.call('GET', '/api/admin/api-keys', { token: owner.token })).body.items;

  test('does what its scopes say in its own tenant', async () => {
    const { body, headers } = await create();
    expect(headers.get('location')).toBe(`/api/admin/api-keys/${body.id}`);
    expect(await use(body.key)).toBe(200);
    const calls = await site.api.call('GET', '/api/admin/calls', { token: body.key });
    expect([calls.status, calls.body.detail]).toEqual([403, 'The key lacks the scope calls:read.']);
  });

  test('is shown once: lists and the database have no more than its hash', async () => {
    const { key, ...shown } = (await create()).body;
    expect(await list()).toEqual([shown]);
    const read = await site.api.call('GET', `/api/admin/api-keys/${shown.id}`, { token: owner.token });
    expect(read.body).toEqual(shown);
    const rows = await site.database.asAdmin('SELECT k::text AS row FROM veralux.api_keys k');
    expect(JSON.stringify(rows)).not.toContain(key);
  });

  test('is worth nothing once revoked or after its time', async () => {
    const { id, key } = (await create()).body;
    const revoked = await site.api.call('DELETE', `/api/admin/api-keys/${id}`, { token: owner.token });
    expect([revoked.status, await use(key)]).toEqual([204, 401]);
    expect(await list()).toEqual([]);
    const ended = (await create({ expiresAt: '2026-01-01T00:00:00Z' })).body;
    expect(await use(ended.key)).toBe(401);
  });

  test('is worth nothing once whoever made it has closed the account; that of another is', async () => {
    const token = await site.callers.token(await site.callers.person(owner.tenantID, 'Admin'));
    const body = { name: 'Theirs', scopes: ['usage:read'] };
    const made = await site.api.call('POST', '/api/admin/api-keys', { token, body });
    const ours = (await create()).body;
    expect([made.status, await use(made.body.key)]).toEqual([201, 200]);
    const password = { password: 'SecureP@ss123' };
    const closed = await site.api.call('POST', '/api/auth/account/close', { token, body: password });
    expect(closed.status).toBe(204);
    expect([await use(made.body.key), await use(ours.key)]).toEqual([401, 200]);
  });

  test('says when it was last used', async () => {
    const { key } = (await create()).body;
    expect((await list())[0].lastUsedAt).toBeNull();
    await use(key);
    expect(Date.parse((await list())[0].lastUsedAt)).toBeGreaterThan(0);
  });

  test('of a repeated request has a new secret, and the earlier one is worth nothing', async () => {
    const headers = { 'idempotency-key': 'once' };
    const first = (await create({}, headers)).body;
    const second = (await create({}, headers)).body;
    expect(second.id).toBe(first.id);
    expect([await use(first.key), await use(second.key)]).toEqual([401, 200]);
    expect(await list()).toHaveLength(1);
    const kept = await site.database.asAdmin('SELECT body FROM veralux.idempotency_keys');
    expect(JSON.stringify(kept)).not.toMatch(/vlk_/);
  });

  test.each([
    ['no scope', { scopes: [] }, 'body.scopes'],
    ['a scope that there is not', { scopes: ['everything'] }, 'body.scopes.0'],
    ['a scope twice', { scopes: ['usage:read', 'usage:read'] }, 'body.scopes'],
    ['a tenant of its own', { tenantID: randomUUID() }, 'body'],
    ['an end before there were years', { expiresAt: '0000-01-01T00:00:00Z' }, 'body.expiresAt'],
  ])('with %s is refused, naming the field', async (_what, body, path) => {
    const reply = await create(body);
    expect([reply.status, reply.body.errors?.[0]?.path]).toEqual([400, path]);
  });

  test('is one of at most a hundred', async () => {
    await site.database.asAdmin(
      `INSERT INTO veralux.api_keys (tenant_id, key_id, name, secret_hash, scopes)
       SELECT $1, gen_random_uuid(), 'x', decode(md5(n::text), 'hex'), '{}' FROM generate_series(1, 100) n`,
      [owner.tenantID],
    );
    const reply = await create();
    expect([reply.status, reply.body.code]).toEqual([409, 'too_many']);
  });
});
