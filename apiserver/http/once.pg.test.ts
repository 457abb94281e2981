import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { ANYBODY } from './access.ts';
import { defineRoute } from './route.ts';

const acme = { email: 'once@example.com', password: 'SecureP@ss123', name: 'Jane', companyName: 'Acme' };

describe('a POST with an Idempotency-Key', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  /** Holds every creation of the route below until the test lets it go. */
  let entered: PromiseWithResolvers<void>;
  let held: PromiseWithResolvers<void>;
  let made: string[];

  beforeAll(async () => {
    database = await createMigratedDatabase();
    const route = defineRoute({
      method: 'POST',
      path: '/things',
      operationID: 'makeThing',
      summary: 'Make a thing.',
      access: ANYBODY,
      body: z.strictObject({ name: z.string() }),
      replies: {
        201: { description: 'Made.', schema: z.strictObject({ id: z.string(), name: z.string() }) },
      },
      handle: async ({ body, once }) =>
        once({
          transaction: (work) => database.app.transaction(work),
          tenantID: null,
          create: async () => {
            entered.resolve();
            await held.promise;
            if (body.name === 'broken') throw new Error('a fault of ours');
            const id = randomUUID();
            made.push(id);
            return { status: 201, location: `/things/${id}`, body: { id, name: body.name } } as const;
          },
        }),
    });
    const forgetful = defineRoute({
      method: 'POST',
      path: '/forgotten',
      operationID: 'forgetOnce',
      summary: 'Create without once.',
      access: ANYBODY,
      replies: { 201: { description: 'Made.', schema: z.strictObject({}) } },
      handle: async () => ({ status: 201, location: '/nowhere', body: {} }) as const,
    });
    api = await startTestApi(database, { furtherRoutes: [route, forgetful] });
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  function ready(): void {
    entered = Promise.withResolvers();
    held = Promise.withResolvers();
    made = [];
  }

  const post = (path: string, body: unknown, key?: string) =>
    api.call('POST', path, { body, headers: key === undefined ? {} : { 'idempotency-key': key } });

  test('makes one thing however often it is sent, and says where it is', async () => {
    ready();
    held.resolve();
    const first = await post('/things', { name: 'a' }, 'k-1');
    const second = await post('/things', { name: 'a' }, 'k-1');
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect(made).toEqual([first.body.id]);
    expect(second.headers.get('location')).toBe(`/things/${first.body.id}`);
    expect([first, second].map((reply) => reply.headers.get('idempotency-replayed'))).toEqual([null, 'true']);
  });

  test('makes another thing with another key, and with none', async () => {
    ready();
    held.resolve();
    for (const key of ['k-2', 'k-3', undefined, undefined]) await post('/things', { name: 'a' }, key);
    expect(new Set(made).size).toBe(4);
  });

  test('is 422 with another body', async () => {
    ready();
    held.resolve();
    await post('/things', { name: 'a' }, 'k-4');
    const reply = await post('/things', { name: 'b' }, 'k-4');
    expect([reply.status, reply.body.code]).toEqual([422, 'idempotency_key_reused']);
    expect(made).toHaveLength(1);
  });

  test('is 409 while the first is under way', async () => {
    ready();
    const first = post('/things', { name: 'a' }, 'k-5');
    await entered.promise;
    const second = await post('/things', { name: 'a' }, 'k-5');
    expect([second.status, second.body.code]).toEqual([409, 'idempotency_in_flight']);
    expect(second.headers.get('retry-after')).toBe('1');
    held.resolve();
    expect((await first).status).toBe(201);
    expect(made).toHaveLength(1);
  });

  test('may be sent again after a failure, because nothing was kept of that', async () => {
    ready();
    held.resolve();
    expect((await post('/things', { name: 'broken' }, 'k-6')).status).toBe(500);
    expect((await post('/things', { name: 'a' }, 'k-6')).status).toBe(201);
  });

  test('is forgotten after a day, and what is forgotten is removed', async () => {
    ready();
    held.resolve();
    await post('/things', { name: 'a' }, 'k-7');
    await database.asAdmin(
      `UPDATE veralux.idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'k-7'`,
    );
    expect((await post('/things', { name: 'b' }, 'k-7')).status).toBe(201);
    await database.asAdmin(
      `UPDATE veralux.idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'k-7'`,
    );
    await post('/things', { name: 'a' }, 'k-8');
    const left = await database.asAdmin(`SELECT FROM veralux.idempotency_keys WHERE key = 'k-7'`);
    expect(left).toHaveLength(0);
  });

  test.each(['', 'with space', 'x'.repeat(256), 'schlüssel'])('refuses the key %j', async (key) => {
    const reply = await post('/things', { name: 'a' }, key);
    expect([reply.status, reply.body.errors?.[0]?.path]).toEqual([400, 'headers.idempotency-key']);
  });

  test('a signup is made once; the tokens of the repeated reply are others, and none is stored', async () => {
    const first = await post('/api/auth/signup', acme, 'signup-1');
    const second = await post('/api/auth/signup', acme, 'signup-1');
    const { token: firstToken, refreshToken: firstRefresh, ...firstAccount } = first.body;
    const { token: secondToken, refreshToken: secondRefresh, ...secondAccount } = second.body;
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(secondAccount).toEqual(firstAccount);
    expect([secondToken, secondRefresh]).not.toEqual([firstToken, firstRefresh]);
    const me = await api.call('GET', '/api/auth/me', { token: secondToken });
    expect(me.body).toEqual(secondAccount);
    const [kept] = await database.asAdmin<{ body: string }>(
      `SELECT body FROM veralux.idempotency_keys WHERE key = 'signup-1'`,
    );
    expect(JSON.parse(kept?.body ?? '')).toEqual(firstAccount);
  });

  test('a repeated signup with another password gets nothing', async () => {
    const reply = await post('/api/auth/signup', { ...acme, password: 'another one' }, 'signup-1');
    expect([reply.status, reply.body.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('a route that creates and does not go through `once` is a fault', async () => {
    expect((await api.call('POST', '/forgotten')).status).toBe(500);
  });
});
