import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { until } from '../testing/until.ts';
import { ANYBODY } from './access.ts';
import { ApiError } from './api-error.ts';
import type { Attempt } from './once-outside.ts';
import { defineRoute } from './route.ts';

/** More than the pool of the API has connections. */
const MANY = 12;

describe('a POST with an Idempotency-Key whose effect is outside of the database', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  /** Of the creations that began, in order. */
  let attempts: Attempt[];
  let create: () => Promise<void>;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    const route = defineRoute({
      method: 'POST',
      path: '/things',
      operationID: 'makeThing',
      summary: 'Make a thing.',
      access: ANYBODY,
      body: z.strictObject({ name: z.string() }),
      replies: { 201: { description: 'Made.', schema: z.strictObject({ id: z.string() }) } },
      handle: async ({ onceOutside }) =>
        onceOutside({
          transaction: (work) => database.app.transaction(work),
          tenantID: null,
          create: async (attempt) => {
            attempts.push(attempt);
            await create();
            return { status: 201, location: '/things', body: { id: randomUUID() } } as const;
          },
        }),
    });
    api = await startTestApi(database, { furtherRoutes: [route] });
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });
  beforeEach(() => {
    attempts = [];
    create = async () => undefined;
  });

  const post = (name: string, key?: string) =>
    api.call('POST', '/things', {
      body: { name },
      headers: key === undefined ? {} : { 'idempotency-key': key },
    });

  /** Lets attempts begin and holds them. The result lets them go. */
  function hold(): () => void {
    const held = Promise.withResolvers<void>();
    create = () => held.promise;
    return held.resolve;
  }
  const begun = (count: number) => until(async () => (attempts.length === count ? true : undefined));

  test('keeps nobody from the database while it is under way', async () => {
    const letGo = hold();
    const replies = Promise.all(Array.from({ length: MANY }, (_, n) => post('a', `many-${n}`)));
    await begun(MANY);
    expect((await api.call('GET', '/ready')).status).toBe(200);
    letGo();
    expect((await replies).map(({ status }) => status)).toEqual(Array.from({ length: MANY }, () => 201));
  });

  test('makes one thing however often it is sent, and another with another key, and with none', async () => {
    const first = await post('a', 'k-1');
    const second = await post('a', 'k-1');
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    for (const key of ['k-2', undefined, undefined]) await post('a', key);
    expect(attempts).toHaveLength(4);
    expect((await post('b', 'k-1')).body.code).toBe('idempotency_key_reused');
  });

  test('is 409 while the first is under way', async () => {
    const letGo = hold();
    const first = post('a', 'k-3');
    await begun(1);
    const second = await post('a', 'k-3');
    expect([second.status, second.body.code]).toEqual([409, 'idempotency_in_flight']);
    letGo();
    expect((await first).status).toBe(201);
    expect((await post('a', 'k-3')).headers.get('idempotency-replayed')).toBe('true');
    expect(attempts).toHaveLength(1);
  });

  test('is tried again after a refusal as if it had never been sent, also with another body', async () => {
    create = () => Promise.reject(new ApiError('workflow_exists'));
    expect((await post('a', 'k-4')).status).toBe(409);
    create = async () => undefined;
    expect((await post('b', 'k-4')).status).toBe(201);
    expect(attempts).toEqual([{ mayBeDone: false }, { mayBeDone: false }]);
  });

  test('that failed otherwise may have been carried out: the next attempt is told, and has the same body', async () => {
    create = () => Promise.reject(new ApiError('cluster_unavailable'));
    expect((await post('a', 'k-5')).status).toBe(503);
    create = async () => undefined;
    expect((await post('b', 'k-5')).body.code).toBe('idempotency_key_reused');
    expect((await post('a', 'k-5')).status).toBe(201);
    expect(attempts).toEqual([{ mayBeDone: false }, { mayBeDone: true }]);
  });

  test('whose server was killed is tried again when its time is over, and its late end changes nothing', async () => {
    const letGo = hold();
    const first = post('a', 'k-6');
    await begun(1);
    await database.asAdmin(
      `UPDATE veralux.idempotency_claims SET claimed_until = now() - interval '1 second' WHERE key = 'k-6'`,
    );
    const letSecondGo = hold();
    const second = post('a', 'k-6');
    await begun(2);
    letGo();
    await first;
    expect((await post('a', 'k-6')).body.code).toBe('idempotency_in_flight');
    letSecondGo();
    expect((await second).status).toBe(201);
    expect(attempts).toEqual([{ mayBeDone: false }, { mayBeDone: true }]);
  });

  test('leaves no claim behind, and those of a day ago are forgotten', async () => {
    create = () => Promise.reject(new ApiError('cluster_unavailable'));
    await post('a', 'k-7');
    await database.asAdmin(
      `UPDATE veralux.idempotency_claims SET created_at = now() - interval '25 hours' WHERE key = 'k-7'`,
    );
    create = async () => undefined;
    expect((await post('b', 'k-7')).status).toBe(201);
    expect(attempts.at(-1)).toEqual({ mayBeDone: false });
    expect(await database.asAdmin(`SELECT FROM veralux.idempotency_claims WHERE key = 'k-7'`)).toEqual([]);
  });
});
