import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { startTopology, type TestTopology, TOPOLOGIES } from '#hack/testing/redis-topology.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { connectRedis, disconnectRedis, openRedis } from './connect-redis.ts';
import { Script } from './script.ts';
import { groupsOfOneCommand, isAway, mastersOf, serverOf } from './servers.ts';

const KEYS = Array.from({ length: 64 }, (_, index) => `key:{${index}}`);
/** A replica takes over a few seconds after its master is taken for dead, and this machine is shared. */
const TAKES_OVER = { timeout: 60_000, interval: 100 };

const increment = new Script({
  name: 'increment',
  keys: ['total', 'seen'],
  lua: `
    redis.call('SADD', seen, ARGV[1])
    return redis.call('INCR', total)`,
  reply: z.number(),
});

describe.each(TOPOLOGIES)('on %s', (name) => {
  let topology: TestTopology;
  beforeAll(async () => {
    topology = await startTopology(name);
  });
  afterAll(() => topology.stop());

  test('commands and scripts reach every slot, also many at once and right after connecting', async () => {
    const redis = await connectRedis({ url: topology.url, name: 'fresh', log: silentLogger });
    const totals = await Promise.all(
      KEYS.map((key) => increment.run(redis, { total: key, seen: `seen:${key}` }, ['x'])),
    );
    expect(new Set(totals)).toEqual(new Set([1]));
    expect(new Set(await Promise.all(KEYS.map((key) => redis.get(key))))).toEqual(new Set(['1']));
    expect(KEYS.some((key) => isAway(redis, key))).toBe(false);
    await disconnectRedis(redis);
  });

  test('a client that is told to connect anew while it does so goes on', async () => {
    const redis = await connectRedis({ url: topology.url, name: 'hasty', log: silentLogger });
    for (const server of mastersOf(redis)) {
      server.disconnect(true);
      await once(server, 'connecting');
      server.disconnect(true);
    }
    await vi.waitFor(async () => expect(await redis.get('key:{0}')).toBeDefined(), TAKES_OVER);
    await disconnectRedis(redis);
  });

  test('the masters hold all keys between them, and groups of keys can be named in one command', async () => {
    await Promise.all(KEYS.map((key) => topology.redis.set(key, '1')));
    const found = await Promise.all(mastersOf(topology.redis).map((server) => server.keys('key:*')));
    expect(found.flat().sort()).toEqual([...KEYS].sort());
    const servers = new Set(KEYS.map((key) => serverOf(topology.redis, key)));
    expect(servers.size).toBe(mastersOf(topology.redis).length);
    const groups = groupsOfOneCommand(topology.redis, [...KEYS, ...KEYS.map((key) => `other:${key}`)]);
    for (const keys of groups) expect(await topology.redis.exists(...keys)).toBe(keys.length / 2);
  });

  test.skipIf(name === 'one server')(
    'a wrong password is one clear error that does not repeat it',
    async () => {
      const url = topology.url.replace(/:[a-z-]+@/, ':not-this-one@');
      const attempt = connectRedis({ url, name: 'stranger', log: silentLogger, startTimeoutMs: 3_000 });
      await expect(attempt).rejects.toThrow('invalid username-password pair');
      await expect(attempt).rejects.not.toThrow('not-this-one');
    },
  );

  test('a master that is killed fails its commands at once, harms no other, and is replaced', async () => {
    const { redis } = topology;
    const [key = ''] = KEYS;
    await Promise.all(KEYS.map((one) => redis.set(one, 'before')));
    const others = KEYS.filter((one) => serverOf(redis, one) !== serverOf(redis, key));
    await topology.killMasterOf(key);
    if (name !== 'one server') await expect.poll(() => isAway(redis, key)).toBe(true);
    await expect(redis.get(key)).rejects.toThrow(/^(?!.*timed out)/);
    expect(new Set(await Promise.all(others.map((one) => redis.get(one))))).toEqual(
      new Set(others.map(() => 'before')),
    );
    await expect.poll(() => redis.set(key, 'after').catch(() => 'away'), TAKES_OVER).toBe('OK');
    expect(isAway(redis, key)).toBe(false);
    expect(await redis.get(key)).toBe('after');
  }, 90_000);
});

describe('what is not there', () => {
  test.each([
    ['redis+sentinel://127.0.0.1:1,127.0.0.1:2/calls', 'All sentinels are unreachable'],
    ['redis+cluster://:word@127.0.0.1:1,127.0.0.1:2', 'connect ECONNREFUSED 127.0.0.1'],
  ])('%s is one clear error', async (url, cause) => {
    const attempt = connectRedis({ url, name: 'test', log: silentLogger, startTimeoutMs: 500 });
    await expect(attempt).rejects.toThrow('Redis at 127.0.0.1:1, 127.0.0.1:2 cannot be reached');
    await expect(attempt).rejects.toThrow(cause);
  });

  test.each(['redis+sentinel://127.0.0.1:1/calls', 'redis+cluster://127.0.0.1:1'])(
    '%s fails every command at once',
    async (url) => {
      const redis = openRedis({ url, name: 'test', log: silentLogger });
      await expect(redis.get('x')).rejects.toThrow();
      expect(isAway(redis, 'x')).toBe(true);
      await disconnectRedis(redis);
    },
  );
});
