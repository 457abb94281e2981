import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startTestRedis } from '#hack/testing/redis.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { connectRedis, disconnectRedis, type Redis, RedisUnreachable } from './connect-redis.ts';
import { Script } from './script.ts';
import { mastersOf } from './servers.ts';

const add = new Script({
  name: 'add',
  keys: ['total', 'seen'],
  lua: `
    redis.call('SADD', seen, ARGV[1])
    return redis.call('INCRBY', total, ARGV[2])`,
  reply: z.number(),
});

describe('Script', () => {
  let server: Awaited<ReturnType<typeof startTestRedis>>;
  let redis: Redis;
  beforeAll(async () => {
    server = await startTestRedis();
    redis = await connectRedis({ url: server.url, name: 'test', log: silentLogger });
  });
  afterAll(async () => {
    await disconnectRedis(redis);
    await server.stop();
  });

  test('names its keys inside the script and parses the reply', async () => {
    expect(await add.run(redis, { total: 'n:{a}', seen: 's:{a}' }, ['x', 2])).toBe(2);
    expect(await redis.smembers('s:{a}')).toEqual(['x']);
  });

  test('runs on a server that has forgotten it', async () => {
    await Promise.all(mastersOf(redis).map((server) => server.script('FLUSH')));
    expect(await add.run(redis, { total: 'n:{b}', seen: 's:{b}' }, ['x', 3])).toBe(3);
  });

  test('refuses keys of two slots before anything is sent', async () => {
    await expect(add.run(redis, { total: 'n:{a}', seen: 's:{c}' }, ['x', 1])).rejects.toThrow(
      'different slots',
    );
    expect(await redis.exists('s:{c}')).toBe(0);
  });
});

test.each([
  `redis.call('SET', 'a key', ARGV[1])`,
  `redis.call('SET', ARGV[1], '1')`,
  `redis.call('SET', keyOf(ARGV[1]), '1')`,
])('a script that names a key it has not declared cannot be made: %s', (lua) => {
  expect(() => new Script({ name: 'stray', keys: ['known'], lua, reply: z.any() })).toThrow('stray');
});

test('a Redis that is not there is one clear error', async () => {
  const attempt = connectRedis({
    url: 'redis://127.0.0.1:1/0',
    name: 'test',
    log: silentLogger,
    startTimeoutMs: 200,
  });
  await expect(attempt).rejects.toThrow(RedisUnreachable);
  await expect(attempt).rejects.toThrow('Redis at 127.0.0.1:1 cannot be reached');
});
