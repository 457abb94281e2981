import { describe, expect, test } from 'vitest';
import { InformerInTest } from './fakes/informer-in-test.ts';
import { listOf, object, status } from './fakes/scripted-server.ts';

const t = new InformerInTest();

describe('an informer', () => {
  test('keeps what the watch says, without managedFields, and tells handlers by key', async () => {
    await t.start();
    const told: string[] = [];
    t.informer.onChange((key, _before, _after, origin) => told.push(`${key} ${origin}`));
    await t.until(() => t.server.watches.length === 1);
    const managed = object('a', '11');
    t.server.send({
      type: 'ADDED',
      object: { ...managed, metadata: { ...managed.metadata, managedFields: [{}] } },
    });
    await t.until(() => t.informer.get('ns/a') !== undefined);
    expect(t.informer.get('ns/a')?.metadata).not.toHaveProperty('managedFields');
    t.server.send({ type: 'DELETED', object: object('a', '12') });
    await t.until(() => t.informer.get('ns/a') === undefined);
    expect(told).toEqual(['ns/a Watch', 'ns/a Watch']);
  });

  test('keeps what our own write returned, and its watch event tells nobody', async () => {
    await t.start();
    await t.until(() => t.server.watches.length === 1);
    const told: string[] = [];
    t.informer.onChange((key, _before, _after, origin) => told.push(`${key} ${origin}`));
    expect(t.informer.observe(object('a', '11'))).toBe(true);
    t.server.send({ type: 'ADDED', object: object('a', '11') });
    t.server.send({ type: 'ADDED', object: object('b', '12') });
    await t.until(() => t.informer.get('ns/b') !== undefined);
    expect(told).toEqual(['ns/a Own', 'ns/b Watch']);
    expect(t.informer.observe(object('late', '12'))).toBe(false);
  });

  test('says when it last heard of the server, a bookmark too', async () => {
    const informer = await t.start();
    await t.until(() => t.server.watches.length === 1);
    const listedAtMs = t.clock.monotonic();
    await t.clock.advance(60_000);
    expect(informer.heardAtMs).toBe(listedAtMs);
    t.server.send({ type: 'BOOKMARK', object: object('', '99') });
    await t.until(() => informer.heardAtMs === listedAtMs + 60_000);
  });

  test('goes on from a bookmark when a watch ends', async () => {
    await t.start();
    await t.until(() => t.server.watches.length === 1);
    t.server.send({ type: 'BOOKMARK', object: object('', '99') });
    await t.clock.advance(2_000);
    t.server.watches[0]?.end();
    await t.until(() => t.server.watches.length === 2);
    expect(t.server.requests.at(-1)?.searchParams.get('resourceVersion')).toBe('99');
  });

  test.each([
    ['in the header', () => t.server.refusals.push(status(410, 'Expired'))],
    ['in the stream', () => undefined],
  ])('lists again after a 410 %s, and finds what was deleted meanwhile', async (where, refuse) => {
    t.server.lists = [listOf([object('a', '1'), object('b', '2')]), listOf([object('b', '2')])];
    refuse();
    await t.start();
    await t.informer.synced;
    if (where === 'in the stream') {
      await t.until(() => t.server.watches.length === 1);
      t.server.send({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
    }
    const told: string[] = [];
    t.informer.onChange((key, _before, after) => {
      if (after === undefined) told.push(key);
    });
    await t.passBackOff();
    await t.until(() => t.names().length === 1);
    expect([t.names(), told]).toEqual([['b'], ['ns/a']]);
  });

  test.each([
    ['429', 'TooManyRequests'],
    ['503', 'ServiceUnavailable'],
  ])(
    'survives a failed first list and waits as long as the Retry-After of a %s says',
    async (code, reason) => {
      t.server.lists = [status(Number(code), reason, { 'retry-after': '7' }), listOf([object('a', '1')])];
      await t.start();
      await t.passBackOff(7_000);
      expect(t.server.requests).toHaveLength(2);
      await t.clock.advance(500);
      await t.informer.synced;
      expect(t.names()).toEqual(['a']);
    },
  );

  test('waits as long as Retry-After says also before it watches again', async () => {
    t.server.refusals = [status(429, 'TooManyRequests', { 'retry-after': '7' })];
    await t.start();
    await t.passBackOff(7_000);
    expect(t.server.requests).toHaveLength(3);
    await t.clock.advance(500);
    await t.until(() => t.server.watches.length === 1);
  });

  test('backs off longer with each failure, up to half a minute', async () => {
    t.server.lists = Array.from({ length: 9 }, () => status(500, 'InternalError'));
    await t.start();
    const delays: number[] = [];
    for (let failures = 0; failures < 9; failures += 1) {
      await t.until(() => t.info.mock.calls.length > 0);
      const [{ delayMs }] = t.info.mock.calls[0] as [{ delayMs: number }];
      delays.push(delayMs);
      await t.passBackOff(delayMs);
    }
    expect(delays).toEqual([375, 750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500, 22_500]);
  });

  test('does not list a kind in a tight loop whose watches all answer 410', async () => {
    t.server.refusals = Array.from({ length: 3 }, () => status(410, 'Expired'));
    await t.start();
    const delays: number[] = [];
    for (let failures = 0; failures < 3; failures += 1) {
      await t.until(() => t.info.mock.calls.length > 0);
      const [{ delayMs }] = t.info.mock.calls[0] as [{ delayMs: number }];
      delays.push(delayMs);
      await t.passBackOff(10_000);
    }
    expect(delays).toEqual([375, 750, 1_500]);
  });

  test('ends a watch that says nothing, not even a bookmark, and begins it again', async () => {
    await t.start();
    await t.until(() => t.server.watches.length === 1);
    await t.clock.advance(149_999);
    t.server.send({ type: 'BOOKMARK', object: object('', '99') });
    await t.until(() => t.server.watches.length === 1);
    await t.clock.advance(150_000);
    await t.passBackOff();
    await t.until(() => t.server.watches.length === 2);
  });

  test('does not ask a server that ends every watch at once in a tight loop', async () => {
    t.server.refusals = [(response) => response.end(), (response) => response.end()];
    await t.start();
    await t.until(() => t.info.mock.calls.length > 0);
    expect(t.server.requests).toHaveLength(3);
    await t.passBackOff();
    await t.until(() => t.server.requests.length === 4);
  });

  test('goes on when a handler or the transform throws, and when an object has no name', async () => {
    await t.start({
      transform: (one) => {
        if (one.metadata.name === 'bad') throw new Error('cannot be kept');
        return one;
      },
    });
    t.informer.onChange(() => {
      throw new Error('a broken handler');
    });
    await t.until(() => t.server.watches.length === 1);
    t.server.send({ type: 'ADDED', object: object('bad', '11') });
    t.server.send({ type: 'ADDED', object: {} });
    t.server.send({ type: 'ADDED' });
    t.server.send({ type: 'REPLACED', object: object('strange', '12') });
    t.server.send({ type: 'ADDED', object: object('good', '13') });
    await t.until(() => t.informer.get('ns/good') !== undefined);
    expect([t.names(), t.server.watches.length]).toEqual([['good'], 1]);
  });

  test('leaves an object without a name out of its list', async () => {
    t.server.lists = [listOf([{}, { metadata: null }, object('good', '1')])];
    await t.start();
    await t.informer.synced;
    expect(t.names()).toEqual(['good']);
  });

  test('lists again, by pages, after a line that is not JSON: the same watch would send it again', async () => {
    await t.start();
    await t.until(() => t.server.watches.length === 1);
    t.server.lists = [listOf([object('a', '20')], { resourceVersion: '20' })];
    t.server.watches[0]?.write('<html>\n');
    await t.passBackOff();
    await t.until(() => t.server.watches.length === 2);
    expect(t.names()).toEqual(['a']);
  });

  test('takes the list as it is when the versions of the API server went back', async () => {
    t.server.lists = [
      listOf([object('a', '90')], { resourceVersion: '100' }),
      listOf([object('a', '40')], { resourceVersion: '50' }),
      listOf([object('a', '40')], { resourceVersion: '50' }),
    ];
    t.server.refusals = [status(410, 'Expired')];
    await t.start();
    await t.passBackOff();
    await t.passBackOff();
    await t.until(() => t.informer.get('ns/a')?.metadata.resourceVersion === '40');
  });

  test('does not mind a wall clock that jumps', async () => {
    await t.start({
      clock: {
        now: () => Math.random() * 1e12,
        monotonic: () => t.clock.monotonic(),
        sleep: (ms, signal) => t.clock.sleep(ms, signal),
        after: (ms, fn) => t.clock.after(ms, fn),
      },
    });
    await t.until(() => t.server.watches.length === 1);
    await t.clock.advance(149_999);
    expect(t.info).not.toHaveBeenCalled();
    await t.clock.advance(1);
    await t.passBackOff();
    await t.until(() => t.server.watches.length === 2);
  });

  test('tells a late handler of all that is known', async () => {
    t.server.lists = [listOf([object('a', '1')])];
    await t.start();
    await t.informer.synced;
    const told: string[] = [];
    t.informer.onChange((key, _before, _after, origin) => told.push(`${key} ${origin}`))();
    expect(told).toEqual(['ns/a Initial']);
  });
});
