import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { flushAll } from '#hack/testing/redis-topology.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { Callers, type TestPerson } from '../testing/callers.ts';
import { type Reply, startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { until } from '../testing/until.ts';
import type { RateSettings } from './rate-limiter.ts';

const RATES: RateSettings = { max: 6, maxOfSecrets: 3, windowMs: 300_000, replicas: 2 };
/** No reply may take longer, whatever becomes of Redis. */
const BOUND_MS = 3_000;

describe('the rate limits of two replicas', () => {
  let server: TestRedis;
  let redis: Redis;
  let database: MigratedDatabase;
  let replicas: readonly TestApi[];
  let callers: Callers;
  let tenantID: string;
  let owner: TestPerson;
  let turn = 0;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = await connectRedis({
      url: server.url,
      name: 'test',
      log: silentLogger,
      commandTimeoutMs: 250,
      joinsWrites: true,
    });
    database = await createMigratedDatabase();
    const start = () => startTestApi(database, { redis, rates: RATES });
    replicas = [await start(), await start()];
    const [api] = replicas as [TestApi];
    callers = new Callers(database, api);
    ({ tenantID } = await api.signUp('rates'));
    owner = await callers.person(tenantID, 'Owner');
  });
  beforeEach(async () => {
    // The replicas remember whom they refused; each test calls from networks of its own.
    await flushAll(redis);
  });
  afterAll(async () => {
    for (const api of replicas) await api.stop();
    await disconnectRedis(redis);
    await server.stop();
    await database.drop();
  });

  /** Asks the replicas in turn, as one who is seen at `address`. */
  function ask(
    address: string,
    [method, path]: readonly [string, string],
    options: { token?: string; body?: unknown } = {},
  ): Promise<Reply> {
    const api = replicas[turn++ % replicas.length] as TestApi;
    return api.call(method, path, { ...options, headers: { 'x-forwarded-for': address } });
  }

  async function statuses(count: number, one: (index: number) => Promise<Reply>): Promise<number[]> {
    const found: number[] = [];
    for (let index = 0; index < count; index += 1) found.push((await one(index)).status);
    return found;
  }

  const ME = ['GET', '/api/auth/me'] as const;
  const LOGIN = ['POST', '/api/auth/login'] as const;

  test('a network has its budget over both, with what is left in the headers, and then a problem', async () => {
    const first = await ask('192.0.2.1', ME);
    expect(first.headers.get('ratelimit-policy')).toBe('"network";q=6;w=300');
    expect(first.headers.get('ratelimit')).toBe('"network";r=5;t=300');
    expect(await statuses(5, () => ask('192.0.2.1', ME))).toEqual([401, 401, 401, 401, 401]);
    const refused = await ask('192.0.2.1', ME);
    expect([refused.status, refused.body.code]).toEqual([429, 'rate_limited']);
    expect(refused.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(refused.headers.get('ratelimit')).toMatch(/^"network";r=0;t=\d+$/);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask('192.0.2.2', ME)).status).toBe(401);
  });

  test.each([
    ['what a client says before the proxy', (index: number) => `198.51.100.${index}, 192.0.2.3`],
    ['the addresses of one IPv6 /64', (index: number) => `2001:db8:1:2::${index + 1}`],
    ['a path that is no route', () => '192.0.2.4'],
  ])('%s makes no further client', async (name, address) => {
    const request = name.startsWith('a path') ? (['GET', '/api/nothing'] as const) : ME;
    const found = await statuses(8, (index) => ask(address(index), request));
    expect(found.filter((status) => status === 429)).toHaveLength(2);
  });

  test('probes are not counted', async () => {
    expect(await statuses(8, () => ask('192.0.2.5', ['GET', '/ready']))).toEqual(Array(8).fill(200));
  });

  test('an account has one budget for all networks that it calls from', async () => {
    const token = await callers.token(owner);
    const found = await statuses(7, (index) => ask(`192.0.2.${10 + index}`, ME, { token }));
    expect(found).toEqual([200, 200, 200, 200, 200, 200, 429]);
    const other = await callers.token(await callers.person(tenantID, 'Owner'));
    expect((await ask('192.0.2.17', ME, { token: other })).status).toBe(200);
  });

  test('an API key has a budget of its own, and what it may not do counts too', async () => {
    const token = await callers.apiKey(tenantID, ['usage:read']);
    const found = await statuses(7, (index) =>
      ask(`192.0.2.${20 + index}`, ['GET', `/api/admin/${index % 2 ? 'usage' : 'members'}`], { token }),
    );
    expect(found).toEqual([403, 200, 403, 200, 403, 200, 429]);
  });

  test('passwords for one address are guessed a few times only, from wherever', async () => {
    const guess = (index: number, email: string) =>
      ask(`192.0.2.${30 + index}`, LOGIN, { body: { email, password: `guess number ${index}` } });
    const email = `${randomUUID()}@example.com`;
    const found = await statuses(31, (index) => guess(index, email));
    expect(found).toEqual([...Array(30).fill(401), 429]);
    // Written otherwise, it is the same address.
    expect((await guess(32, email.toUpperCase())).status).toBe(429);
    expect((await guess(33, `${randomUUID()}@example.com`)).status).toBe(401);
  });

  test('nobody is locked out by the guesses of a few networks, however many they are', async () => {
    const { email } = await (replicas[0] as TestApi).signUp('guessed');
    const guess = (address: string) => ask(address, LOGIN, { body: { email, password: 'a guess' } });
    for (const address of ['192.0.2.81', '192.0.2.82', '192.0.2.83']) {
      const found = await statuses(6, () => guess(address));
      expect(found).toEqual([401, 401, 401, 429, 429, 429]);
    }
    // Of the 30 for the address, those three took 9.
    const others = await statuses(21, (index) => guess(`192.0.2.${90 + index}`));
    expect(others).toEqual(Array(21).fill(401));
    expect((await guess('192.0.2.120')).status).toBe(429);
  });

  test('an address is mailed a few times only, from wherever', async () => {
    const body = { email: `${randomUUID()}@example.com` };
    const found = await statuses(4, (index) =>
      ask(`192.0.2.${130 + index}`, ['POST', '/api/auth/password/forgotten'], { body }),
    );
    expect(found).toEqual([204, 204, 204, 429]);
  });

  test.each([
    ['POST /api/auth/login', () => ({ email: `${randomUUID()}@example.com`, password: 'a guess' }), 401],
    ['POST /api/auth/signup', () => ({}), 400],
    ['POST /api/auth/password/forgotten', () => ({ email: `${randomUUID()}@example.com` }), 204],
    ['POST /api/auth/password/reset', () => ({ token: 'vll_none', newPassword: 'SecureP@ss123' }), 403],
    ['POST /api/auth/email/verify', () => ({ token: 'vll_none' }), 403],
    ['POST /api/notifications/addresses/prove', () => ({ token: 'vll_none' }), 403],
    [
      'POST /api/auth/invitations/join',
      () => ({ token: 'vll_none', name: 'A', password: 'SecureP@ss123' }),
      403,
    ],
  ])('%s has a smaller budget for a network', async (route, body, status) => {
    const [method = '', path = ''] = route.split(' ');
    const address = `2001:db8:${(turn + 1).toString(16)}::1`;
    const found = await statuses(4, () => ask(address, [method, path], { body: body() }));
    expect(found).toEqual([status, status, status, 429]);
  });

  test('Redis killed under load: every request is answered in time, as if it were there', async () => {
    const [api] = replicas as [TestApi];
    const statusesSeen: number[] = [];
    const ending = new AbortController();
    const client = async (number: string) => {
      for (let count = 0; !ending.signal.aborted; count += 1) {
        const response = await fetch(`${api.url}/api/auth/me`, {
          headers: { 'x-forwarded-for': `2001:db8:${number}:${count.toString(16)}::1` },
          signal: AbortSignal.timeout(BOUND_MS),
        });
        await response.text();
        statusesSeen.push(response.status);
      }
    };
    const load = Promise.all(['a0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7'].map(client));
    const more = () => {
      const wanted = statusesSeen.length + 200;
      return until(async () => (statusesSeen.length >= wanted ? true : undefined));
    };
    const greedy = (address: string) =>
      statuses(8, () => api.call('GET', '/api/auth/me', { headers: { 'x-forwarded-for': address } }));
    await more();
    expect(await greedy('192.0.2.140')).toEqual([401, 401, 401, 401, 401, 401, 429, 429]);
    await server.kill();
    await more();
    // This replica's part of them.
    expect(await greedy('192.0.2.141')).toEqual([401, 401, 401, 429, 429, 429, 429, 429]);
    await server.restart();
    await until(async () => (redis.status === 'ready' ? true : undefined));
    await more();
    expect(await greedy('192.0.2.142')).toEqual([401, 401, 401, 401, 401, 401, 429, 429]);
    ending.abort();
    await load;
    expect(new Set(statusesSeen)).toEqual(new Set([401]));
  });
});
