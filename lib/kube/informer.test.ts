import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { listOf, object, ScriptedServer, status } from './fakes/scripted-server.ts';
import { Informer, type InformerOptions } from './informer.ts';
import type { KubeClient } from './kube-client.ts';
import type { KubeObject } from './kube-object.ts';
import { CONFIG_MAPS } from './resource.ts';

let server: ScriptedServer;
let client: KubeClient;
let clock: FakeClock;
let informer: Informer<KubeObject>;
const fail = vi.fn();
const info = vi.fn();
const onRelist = vi.fn();

beforeEach(async () => {
  server = new ScriptedServer();
  clock = new FakeClock();
  client = await server.start({ clock });
  for (const mock of [fail, info, onRelist]) mock.mockClear();
});
afterEach(async () => {
  await informer.stop();
  await client.close();
  server.stop();
  expect(fail).not.toHaveBeenCalled();
  expect(clock.pending).toBe(0);
});

async function start(options: Partial<InformerOptions<KubeObject>> = {}): Promise<Informer<KubeObject>> {
  informer = new Informer({
    client,
    resource: CONFIG_MAPS,
    log: { ...silentLogger, info, warn: info },
    clock,
    random: () => 0.5,
    // Far off: its own tests are in verify-pass.test.ts.
    verifyIntervalMs: 1_000_000_000,
    onRelist,
    ...options,
  });
  await informer.start(fail);
  return informer;
}
const until = (condition: () => unknown) => vi.waitFor(() => expect(condition()).toBeTruthy());
/** Lets the next back-off that the informer waits in be over. */
const passBackOff = async (ms = 1_000) => {
  await until(() => info.mock.calls.length > 0);
  info.mockClear();
  await clock.advance(ms);
};
const names = () => informer.list().map((one) => one.metadata.name);

describe('an informer', () => {
  test('keeps what the watch says, without managedFields, and tells handlers by key', async () => {
    await start();
    const told: string[] = [];
    informer.onChange((key, _before, _after, origin) => told.push(`${key} ${origin}`));
    await until(() => server.watches.length === 1);
    const managed = object('a', '11');
    server.send({
      type: 'ADDED',
      object: { ...managed, metadata: { ...managed.metadata, managedFields: [{}] } },
    });
    await until(() => informer.get('ns/a') !== undefined);
    expect(informer.get('ns/a')?.metadata).not.toHaveProperty('managedFields');
    server.send({ type: 'DELETED', object: object('a', '12') });
    await until(() => informer.get('ns/a') === undefined);
    expect(told).toEqual(['ns/a Watch', 'ns/a Watch']);
  });

  test('keeps what our own write returned, and its watch event tells nobody', async () => {
    await start();
    await until(() => server.watches.length === 1);
    const told: string[] = [];
    informer.onChange((key, _before, _after, origin) => told.push(`${key} ${origin}`));
    expect(informer.observe(object('a', '11'))).toBe(true);
    server.send({ type: 'ADDED', object: object('a', '11') });
    server.send({ type: 'ADDED', object: object('b', '12') });
    await until(() => informer.get('ns/b') !== undefined);
    expect(told).toEqual(['ns/a Own', 'ns/b Watch']);
    expect(informer.observe(object('late', '12'))).toBe(false);
  });

  test('goes on from a bookmark when a watch ends', async () => {
    await start();
    await until(() => server.watches.length === 1);
    server.send({ type: 'BOOKMARK', object: object('', '99') });
    await clock.advance(2_000);
    server.watches[0]?.end();
    await until(() => server.watches.length === 2);
    expect(server.requests.at(-1)?.searchParams.get('resourceVersion')).toBe('99');
  });

  test.each([
    ['in the header', () => server.refusals.push(status(410, 'Expired'))],
    ['in the stream', () => undefined],
  ])('lists again after a 410 %s, and finds what was deleted meanwhile', async (where, refuse) => {
    server.lists = [listOf([object('a', '1'), object('b', '2')]), listOf([object('b', '2')])];
    refuse();
    await start();
    await informer.synced;
    if (where === 'in the stream') {
      await until(() => server.watches.length === 1);
      server.send({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
    }
    const told: string[] = [];
    informer.onChange((key, _before, after) => {
      if (after === undefined) told.push(key);
    });
    await passBackOff();
    await until(() => names().length === 1);
    expect([names(), told]).toEqual([['b'], ['ns/a']]);
  });

  test.each([
    ['429', 'TooManyRequests'],
    ['503', 'ServiceUnavailable'],
  ])(
    'survives a failed first list and waits as long as the Retry-After of a %s says',
    async (code, reason) => {
      server.lists = [status(Number(code), reason, { 'retry-after': '7' }), listOf([object('a', '1')])];
      await start();
      await passBackOff(7_000);
      expect(server.requests).toHaveLength(2);
      await clock.advance(500);
      await informer.synced;
      expect(names()).toEqual(['a']);
    },
  );

  test('waits as long as Retry-After says also before it watches again', async () => {
    server.refusals = [status(429, 'TooManyRequests', { 'retry-after': '7' })];
    await start();
    await passBackOff(7_000);
    expect(server.requests).toHaveLength(3);
    await clock.advance(500);
    await until(() => server.watches.length === 1);
  });

  test('backs off longer with each failure, up to half a minute', async () => {
    server.lists = Array.from({ length: 9 }, () => status(500, 'InternalError'));
    await start();
    const delays: number[] = [];
    for (let failures = 0; failures < 9; failures += 1) {
      await until(() => info.mock.calls.length > 0);
      const [{ delayMs }] = info.mock.calls[0] as [{ delayMs: number }];
      delays.push(delayMs);
      await passBackOff(delayMs);
    }
    expect(delays).toEqual([375, 750, 1_500, 3_000, 6_000, 12_000, 22_500, 22_500, 22_500]);
  });

  test('does not list a kind in a tight loop whose watches all answer 410', async () => {
    server.refusals = Array.from({ length: 3 }, () => status(410, 'Expired'));
    await start();
    const delays: number[] = [];
    for (let failures = 0; failures < 3; failures += 1) {
      await until(() => info.mock.calls.length > 0);
      const [{ delayMs }] = info.mock.calls[0] as [{ delayMs: number }];
      delays.push(delayMs);
      await passBackOff(10_000);
    }
    expect(delays).toEqual([375, 750, 1_500]);
  });

  test('ends a watch that says nothing, not even a bookmark, and begins it again', async () => {
    await start();
    await until(() => server.watches.length === 1);
    await clock.advance(149_999);
    server.send({ type: 'BOOKMARK', object: object('', '99') });
    await until(() => server.watches.length === 1);
    await clock.advance(150_000);
    await passBackOff();
    await until(() => server.watches.length === 2);
  });

  test('does not ask a server that ends every watch at once in a tight loop', async () => {
    server.refusals = [(response) => response.end(), (response) => response.end()];
    await start();
    await until(() => info.mock.calls.length > 0);
    expect(server.requests).toHaveLength(3);
    await passBackOff();
    await until(() => server.requests.length === 4);
  });

  test('goes on when a handler or the transform throws, and when an object has no name', async () => {
    await start({
      transform: (one) => {
        if (one.metadata.name === 'bad') throw new Error('cannot be kept');
        return one;
      },
    });
    informer.onChange(() => {
      throw new Error('a broken handler');
    });
    await until(() => server.watches.length === 1);
    server.send({ type: 'ADDED', object: object('bad', '11') });
    server.send({ type: 'ADDED', object: {} });
    server.send({ type: 'ADDED' });
    server.send({ type: 'REPLACED', object: object('strange', '12') });
    server.send({ type: 'ADDED', object: object('good', '13') });
    await until(() => informer.get('ns/good') !== undefined);
    expect([names(), server.watches.length]).toEqual([['good'], 1]);
  });

  test('leaves an object without a name out of its list', async () => {
    server.lists = [listOf([{}, { metadata: null }, object('good', '1')])];
    await start();
    await informer.synced;
    expect(names()).toEqual(['good']);
  });

  test('lists again, by pages, after a line that is not JSON: the same watch would send it again', async () => {
    await start();
    await until(() => server.watches.length === 1);
    server.lists = [listOf([object('a', '20')], { resourceVersion: '20' })];
    server.watches[0]?.write('<html>\n');
    await passBackOff();
    await until(() => server.watches.length === 2);
    expect(names()).toEqual(['a']);
  });

  test('takes the list as it is when the versions of the API server went back', async () => {
    server.lists = [
      listOf([object('a', '90')], { resourceVersion: '100' }),
      listOf([object('a', '40')], { resourceVersion: '50' }),
      listOf([object('a', '40')], { resourceVersion: '50' }),
    ];
    server.refusals = [status(410, 'Expired')];
    await start();
    await passBackOff();
    await passBackOff();
    await until(() => informer.get('ns/a')?.metadata.resourceVersion === '40');
  });

  test('does not mind a wall clock that jumps', async () => {
    await start({
      clock: {
        now: () => Math.random() * 1e12,
        monotonic: () => clock.monotonic(),
        sleep: (ms, signal) => clock.sleep(ms, signal),
        after: (ms, fn) => clock.after(ms, fn),
      },
    });
    await until(() => server.watches.length === 1);
    await clock.advance(149_999);
    expect(info).not.toHaveBeenCalled();
    await clock.advance(1);
    await passBackOff();
    await until(() => server.watches.length === 2);
  });

  test('tells a late handler of all that is known', async () => {
    server.lists = [listOf([object('a', '1')])];
    await start();
    await informer.synced;
    const told: string[] = [];
    informer.onChange((key, _before, _after, origin) => told.push(`${key} ${origin}`))();
    expect(told).toEqual(['ns/a Initial']);
  });
});
