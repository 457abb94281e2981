import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FaultyLink } from '#hack/testing/faulty-link.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { flushAll, keysLike } from '#hack/testing/redis-topology.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry, type Registry } from '#lib/metrics/registry.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { until } from '../testing/until.ts';
import { RateLimiter, type RateSettings } from './rate-limiter.ts';

const SETTINGS: RateSettings = { max: 4, maxOfSecrets: 2, windowMs: 300_000, replicas: 2 };

describe('RateLimiter', () => {
  let server: TestRedis;
  let link: FaultyLink;
  let redis: Redis;
  let connections: Redis[];
  let registry: Registry;

  beforeAll(async () => {
    server = await startTestRedis();
    redis = await connectRedis({ url: server.url, name: 'test', log: silentLogger });
    link = await FaultyLink.start(Number(new URL(server.url).port));
  });
  afterAll(async () => {
    await link.stop();
    await disconnectRedis(redis);
    await server.stop();
  });
  beforeEach(async () => {
    link.mend();
    await flushAll(redis);
    connections = [];
  });
  afterEach(() => Promise.all(connections.map(disconnectRedis)));

  /** One replica; its metrics are those of the last one. */
  async function replica(settings: Partial<RateSettings> = {}): Promise<RateLimiter> {
    registry = createRegistry('test');
    const connection = await connectRedis({
      url: `redis://127.0.0.1:${link.port}`,
      name: 'test',
      log: silentLogger,
      commandTimeoutMs: 250,
      joinsWrites: true,
    });
    connections.push(connection);
    return new RateLimiter({
      redis: connection,
      settings: { ...SETTINGS, ...settings },
      secret: 'secret',
      registry,
    });
  }

  /** How many of ten requests of a network, made of the replicas in turn, are within the budget. */
  async function admitted(network: string, ...replicas: readonly RateLimiter[]): Promise<number> {
    let within = 0;
    for (let index = 0; index < 10; index += 1) {
      const state = await replicas[index % replicas.length]?.take('network', network);
      if (state?.isExceeded === false) within += 1;
    }
    return within;
  }

  test('replicas share each budget, and say what is left of it', async () => {
    const [one, other] = [await replica(), await replica()];
    expect(await one.take('network', 'here')).toMatchObject({ max: 4, remaining: 3, windowSeconds: 300 });
    expect(await other.take('network', 'here')).toMatchObject({ remaining: 2, isExceeded: false });
    expect(await admitted('here', one, other)).toBe(2);
    expect(await one.take('network', 'there')).toMatchObject({ remaining: 3 });
    expect(await one.take('account', 'here')).toMatchObject({ remaining: 3 });
    expect(await one.take('secrets', 'here')).toMatchObject({ max: 2, remaining: 1 });
  });

  test('of many requests at once as many are let through as of some after each other', async () => {
    const [one, other] = [await replica(), await replica()];
    const states = await Promise.all(
      Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? one : other).take('network', 'here')),
    );
    expect(states.filter(({ isExceeded }) => !isExceeded)).toHaveLength(4);
    expect(await countedAlone()).toBe(0);
  });

  test('the budget is whole again when its window is over', async () => {
    const limiter = await replica({ windowMs: 1_000 });
    expect(await admitted('here', limiter)).toBe(4);
    const again = await until(async () => {
      const state = await limiter.take('network', 'here');
      return state.isExceeded ? undefined : state;
    });
    expect(again.remaining).toBe(3);
  });

  test.each(['Refused', 'Silent'] as const)(
    'while Redis is %s, each replica gives out its part of the budget, and all of them the whole afterwards',
    async (state) => {
      const [one, other] = [await replica(), await replica()];
      link.cut(state);
      expect(await admitted('here', one)).toBe(2);
      expect(await admitted('here', other)).toBe(2);
      expect(await countedAlone()).toBe(10);
      link.mend();
      await until(async () => (connections.every(({ status }) => status === 'ready') ? true : undefined));
      expect(await admitted('there', one, other)).toBe(4);
    },
  );

  test('who is over a budget is refused without asking Redis', async () => {
    const limiter = await replica();
    await admitted('here', limiter);
    link.cut('Refused');
    expect((await limiter.take('network', 'here')).isExceeded).toBe(true);
    expect(await countedAlone()).toBe(0);
  });

  test('no address of a person is in Redis', async () => {
    await (await replica()).take('secrets', 'logIn jane@example.com');
    expect(await keysLike(redis, '*')).toEqual([expect.stringMatching(/^rate:secrets:[\w-]{22}$/)]);
  });

  async function countedAlone(): Promise<number> {
    const text = await registry.getSingleMetricAsString('veralux_http_rate_unshared_total');
    return Number(/ (\d+)$/m.exec(text)?.[1]);
  }
});
