import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { PROJECTED_FIELDS, projectionKeys } from '#crds/projection/keys.ts';
import { flushAll, startTopology, type TestTopology, TOPOLOGIES } from '#hack/testing/redis-topology.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import type { Redis } from '#lib/redis/servers.ts';
import { FullPass, type Wish } from './full-pass.ts';
import { Overtaken, Projector, StaleFence } from './projector.ts';

/** A replica takes over a few seconds after its master is taken for dead, and this machine is shared. */
const TAKES_OVER = { timeout: 60_000, interval: 100 };

describe.each(TOPOLOGIES)('on %s', (name) => {
  let topology: TestTopology;
  let redis: Redis;

  beforeAll(async () => {
    topology = await startTopology(name);
    ({ redis } = topology);
  });
  afterAll(() => topology.stop());
  beforeEach(() => flushAll(redis));

  const projectorOf = (term: number) => new Projector({ redis, term: () => term });
  const value = (key: string) => redis.hget(key, 'value');

  test('what a removed key had is remembered, until it has a value again or is to be forgotten', async () => {
    const projector = projectorOf(1);
    const before = Date.now();
    for (const key of ['did:+1', 'tenant:{s01}:1']) {
      await projector.put(key, { a: 1 });
      await projector.remove(key);
      expect(await projector.remove(key)).toBe(false);
      const removed = await redis.hgetall(key);
      expect(removed).toMatchObject({ removed: '{"a":1}' });
      expect(Number(removed['removedAt'])).toBeGreaterThanOrEqual(before - 1_000);
    }
    await projector.put('did:+1', { a: 2 });
    expect(await redis.hkeys('did:+1')).toEqual(['term', 'sequence', 'value']);
    expect(await projector.erase('tenant:{s01}:1')).toBe(false);
    expect(await projector.erase('did:+1')).toBe(true);
    for (const key of ['did:+1', 'tenant:{s01}:1']) {
      expect(await redis.hkeys(key)).toEqual(['term', 'sequence']);
    }
  });

  describe('a fenced write', () => {
    test('of an older operator is refused, also after the key was removed', async () => {
      const [older, newer] = [projectorOf(1), projectorOf(2)];
      expect(await older.put('did:+1', { a: 1 })).toBe(true);
      expect(await newer.put('did:+1', { a: 1 })).toBe(false);
      await expect(older.put('did:+1', { a: 2 })).rejects.toThrow(StaleFence);
      await expect(older.remove('did:+1')).rejects.toThrow(StaleFence);
      expect(await newer.remove('did:+1')).toBe(true);
      await expect(older.put('did:+1', { a: 3 })).rejects.toThrow(StaleFence);
      expect(await value('did:+1')).toBeNull();
      await expect(older.beginEpoch()).resolves.toMatch(/^1:/);
      await newer.beginEpoch();
      await expect(older.beginEpoch()).rejects.toThrow(StaleFence);
    });

    test('of our own that was overtaken changes nothing', async () => {
      const projector = projectorOf(1);
      const early = projector.mark();
      await projector.put('did:+1', { a: 'new' });
      expect(await projector.put('did:+1', { a: 'old' }, early)).toBe(false);
      expect(await projector.remove('did:+1', early)).toBe(false);
      expect(await value('did:+1')).toBe('{"a":"new"}');
    });

    test('of our term that a process before us overtook is an error, and the next try wins', async () => {
      const [before, after] = [projectorOf(1), projectorOf(1)];
      for (let n = 0; n < 3; n += 1) await before.put('did:+1', { n });
      await expect(after.put('did:+1', { a: 1 })).rejects.toThrow(Overtaken);
      expect(await value('did:+1')).toBe('{"n":2}');
      expect(await after.put('did:+1', { a: 1 })).toBe(true);
      expect(await value('did:+1')).toBe('{"a":1}');
      await expect(projectorOf(1).remove('did:+1')).rejects.toThrow(Overtaken);
    });

    test('makes a removed key stay for good', async () => {
      const projector = projectorOf(1);
      await projector.put('did:+1', { a: 1 });
      await projector.remove('did:+1');
      expect(await redis.ttl('did:+1')).toBeGreaterThan(0);
      await projector.put('did:+1', { a: 1 });
      expect(await redis.ttl('did:+1')).toBe(-1);
    });
  });

  describe('a full pass', () => {
    function create(wanted: Record<string, object | 'keep'>) {
      const clock = new FakeClock();
      const drift: Record<string, number> = {};
      const raised: number[] = [];
      const left: number[] = [];
      const restored: number[] = [];
      const projector = projectorOf(1);
      const source = {
        keys: () => Object.keys(wanted),
        wishFor: (key: string): Wish => wanted[key],
        isRemembered: (key: string) => key.startsWith('did:'),
      };
      const pass = new FullPass({
        projector,
        source,
        prefixes: ['did:', 'tenant:'],
        synced: [],
        elected: Promise.resolve(),
        raiseTermAbove: async (term) => {
          raised.push(term);
        },
        mayAct: () => true,
        clock,
        log: silentLogger,
        onDrift: (kind, count) => {
          drift[kind] = (drift[kind] ?? 0) + count;
        },
        onLeft: (count) => left.push(count),
        onRestored: async () => {
          restored.push(clock.now());
        },
      });
      return { pass, projector, source, clock, drift, left, raised, wanted, restored };
    }

    test('writes what is missing, corrects what differs, removes what has no object, and counts', async () => {
      await projectorOf(0).put('did:+1', { a: 'old' });
      await projectorOf(0).put('did:+2', {});
      await projectorOf(0).put('did:+3', { keep: true });
      const { pass, drift } = create({ 'did:+1': { a: 1 }, 'tenant:{s00}:x': { b: 1 }, 'did:+3': 'keep' });
      await pass.passIfNeeded();
      expect(drift).toEqual({ missing: 1, different: 1, unwanted: 1 });
      expect(await Promise.all(['did:+1', 'did:+2', 'did:+3', 'tenant:{s00}:x'].map(value))).toEqual([
        '{"a":1}',
        null,
        '{"keep":true}',
        '{"b":1}',
      ]);
    });

    test('comes again when Redis was emptied, and when five minutes are over, and not otherwise', async () => {
      const { pass, clock, drift, wanted } = create({ 'did:+1': { a: 1 } });
      await pass.passIfNeeded();
      await flushAll(redis);
      await pass.passIfNeeded();
      expect([drift['missing'], await redis.exists(projectionKeys.epoch())]).toEqual([2, 1]);
      await redis.hset('did:+1', 'value', 'edited');
      await pass.passIfNeeded();
      expect(await value('did:+1')).toBe('edited');
      await clock.advance(300_000);
      await pass.passIfNeeded();
      expect([await value('did:+1'), drift['different']]).toEqual([JSON.stringify(wanted['did:+1']), 1]);
    });

    test('leaves nothing of an unwanted value that nobody could need', async () => {
      for (const key of ['did:+1', 'tenant:x']) await projectorOf(0).put(key, { a: 1 });
      const { pass } = create({});
      await pass.passIfNeeded();
      const left = ['did:+1', 'tenant:x'].map((key) => redis.hget(key, PROJECTED_FIELDS.removed));
      expect(await Promise.all(left)).toEqual(['{"a":1}', null]);
    });

    test('says that all is there once it is, and whoever comes next lets that stand', async () => {
      const whole = async () =>
        (await redis.get(projectionKeys.whole())) === (await redis.get(projectionKeys.epoch()));
      const { pass, source, wanted } = create({ 'did:+1': { a: 1 } });
      const wishFor = source.wishFor;
      source.wishFor = () => {
        throw new Error('the process ends here');
      };
      await expect(pass.passIfNeeded()).rejects.toThrow('ends here');
      expect([await redis.exists(projectionKeys.epoch()), await whole()]).toEqual([1, false]);
      source.wishFor = wishFor;
      await pass.passIfNeeded();
      expect(await whole()).toBe(true);
      const next = create(wanted);
      next.source.wishFor = () => {
        throw new Error('the process ends here');
      };
      await expect(next.pass.passIfNeeded()).rejects.toThrow('ends here');
      expect(await whole()).toBe(true);
    });

    test('raises the term above the one that Redis remembers', async () => {
      await redis.set(projectionKeys.epoch(), '1:another');
      const { pass, raised } = create({});
      await pass.passIfNeeded();
      expect(raised).toEqual([1]);
    });

    test('that is not finished has left the term for whoever comes next', async () => {
      const { pass, projector, source } = create({ 'did:+1': {} });
      source.wishFor = () => {
        throw new Error('the process ends here');
      };
      await expect(pass.passIfNeeded()).rejects.toThrow('the process ends here');
      await projector.put('did:+1', { a: 1 });
      const next = create({});
      await next.pass.passIfNeeded();
      expect(next.raised).toEqual([1]);
    });

    test('that fails is tried again under the same term', async () => {
      const { pass, source, raised, wanted } = create({ 'did:+1': { a: 1 } });
      source.wishFor = () => {
        throw new Error('not now');
      };
      await expect(pass.passIfNeeded()).rejects.toThrow('not now');
      source.wishFor = (key) => wanted[key];
      await pass.passIfNeeded();
      expect([raised, await value('did:+1')]).toEqual([[], '{"a":1}']);
    });

    test('removes nothing when it would remove very much', async () => {
      for (let n = 0; n < 60; n += 1) await projectorOf(0).put(`did:+${n}`, { n });
      const { pass, clock, drift, left, wanted } = create({});
      await pass.passIfNeeded();
      expect([drift['unwanted'], left]).toEqual([0, [60]]);
      expect(await value('did:+7')).toBe('{"n":7}');
      // Not counted as put right, again and again; and said until it is over.
      for (let n = 0; n < 60; n += 1) wanted[`did:+${n}`] = { n };
      await clock.advance(300_000);
      await pass.passIfNeeded();
      expect([drift['unwanted'], left]).toEqual([0, [60, 0]]);
    });

    test('comes at once when a replica that missed writes was promoted', async () => {
      const { pass, projector, drift, wanted, restored } = create({
        'did:{+}1': { a: 1 },
        'did:{+}2': { b: 1 },
      });
      await pass.passIfNeeded();
      await topology.cutReplicasOff();
      await projector.put('did:{+}2', { b: 2 });
      await projector.remove('did:{+}1');
      wanted['did:{+}2'] = { b: 2 };
      delete wanted['did:{+}1'];
      await topology.killMasterOf('did:{+}2');
      // One try may find the Cluster between two masters.
      await vi.waitFor(() => pass.passIfNeeded(), TAKES_OVER);
      expect([await value('did:{+}1'), await value('did:{+}2')]).toEqual([null, '{"b":2}']);
      expect([drift['different'], drift['unwanted'], restored.length]).toEqual([1, 1, 1]);
    }, 90_000);
  });
});
