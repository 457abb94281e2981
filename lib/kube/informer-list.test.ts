import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { initialEventsEnd, listOf, object, ScriptedServer, status } from './fakes/scripted-server.ts';
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
const isWatchList = (url: URL) => url.searchParams.has('sendInitialEvents');

describe('an informer of a server that knows WatchList', () => {
  beforeEach(() => {
    server.watchList = 'Served';
  });

  test('takes its list from the watch, whole with the bookmark that says so', async () => {
    await start();
    await until(() => server.watches.length === 1);
    server.send({ type: 'ADDED', object: object('a', '1') });
    server.send({ type: 'ADDED', object: object('b', '2') });
    server.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '3' } } });
    await until(() => names().length === 2);
    expect(informer.hasSynced).toBe(false);
    server.send(initialEventsEnd('10'));
    await informer.synced;
    expect(server.requests.map((url) => Object.fromEntries(url.searchParams))).toEqual([
      {
        watch: 'true',
        allowWatchBookmarks: 'true',
        sendInitialEvents: 'true',
        resourceVersionMatch: 'NotOlderThan',
        timeoutSeconds: '450',
      },
    ]);
    expect(onRelist.mock.calls).toEqual([['Start']]);
  });

  test('goes on in the same stream, and after its end from its last version', async () => {
    await start();
    await until(() => server.watches.length === 1);
    server.send(initialEventsEnd('10'));
    server.send({ type: 'ADDED', object: object('a', '11') });
    await until(() => names().length === 1);
    await clock.advance(2_000);
    server.watches[0]?.end();
    await until(() => server.watches.length === 2);
    expect(server.requests.at(-1)?.searchParams.get('resourceVersion')).toBe('11');
  });

  test('does not have what was deleted while the list was shown', async () => {
    await start();
    await until(() => server.watches.length === 1);
    server.send({ type: 'ADDED', object: object('a', '1') });
    server.send({ type: 'DELETED', object: object('a', '9') });
    server.send(initialEventsEnd('10'));
    await informer.synced;
    expect(names()).toEqual([]);
  });

  test.each([
    ['says nothing more', () => undefined],
    ['sends bookmarks that end nothing', () => server.send({ type: 'BOOKMARK', object: { metadata: {} } })],
  ])('lists by pages when the WatchList %s before it is whole', async (_, happens) => {
    server.lists = [listOf([object('b', '2')])];
    await start();
    await until(() => server.watches.length === 1);
    server.send({ type: 'ADDED', object: object('a', '1') });
    await until(() => names().length === 1);
    happens();
    await clock.advance(30_000);
    await passBackOff();
    await informer.synced;
    expect(names()).toEqual(['b']);
  });

  test('lists by pages when the WatchList ends before it is whole', async () => {
    server.lists = [listOf([object('b', '2')])];
    await start();
    await until(() => server.watches.length === 1);
    server.watches[0]?.end();
    await passBackOff();
    await informer.synced;
    expect(names()).toEqual(['b']);
  });

  test('asks for a WatchList again after a 410', async () => {
    await start();
    await until(() => server.watches.length === 1);
    server.send({ type: 'ADDED', object: object('a', '1') });
    server.send({ type: 'ADDED', object: object('b', '2') });
    server.send(initialEventsEnd('10'));
    server.send({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
    await passBackOff();
    await until(() => server.watches.length === 2);
    server.send({ type: 'ADDED', object: object('b', '2') });
    server.send(initialEventsEnd('20'));
    await until(() => names().length === 1);
    expect(server.requests.map(isWatchList)).toEqual([true, true]);
    expect(onRelist.mock.calls).toEqual([['Start'], ['Expired']]);
  });
});

describe('an informer of a server without WatchList', () => {
  test('lists page by page, then watches from where the list stood, with bookmarks and an end', async () => {
    server.lists = [
      listOf([object('a', '1')], { resourceVersion: '10', continue: 'more' }),
      listOf([object('b', '2')], { resourceVersion: '10' }),
    ];
    await start();
    await informer.synced;
    expect(names()).toEqual(['a', 'b']);
    await until(() => server.watches.length === 1);
    const [refused, first, second, watch] = server.requests;
    expect(refused && isWatchList(refused)).toBe(true);
    expect(first?.searchParams.get('limit')).toBe('500');
    expect(second?.searchParams.get('continue')).toBe('more');
    expect(Object.fromEntries(watch?.searchParams ?? [])).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '10',
      timeoutSeconds: '450',
    });
  });

  test('is not asked for a WatchList again', async () => {
    server.refusals = [status(410, 'Expired')];
    await start();
    await passBackOff();
    await until(() => server.watches.length === 1);
    expect(server.requests.filter(isWatchList)).toHaveLength(1);
  });

  test('has the first page before the second is read', async () => {
    let answerSecond: (() => void) | undefined;
    server.lists = [
      listOf([object('a', '1')], { resourceVersion: '10', continue: 'more' }),
      (response) => {
        answerSecond = () => listOf([object('b', '2')])(response);
      },
    ];
    await start();
    await until(() => answerSecond);
    expect([names(), informer.hasSynced]).toEqual([['a'], false]);
    answerSecond?.();
    await informer.synced;
  });

  test('lists from the start when the snapshot of its pages is gone', async () => {
    server.lists = [
      listOf([object('gone', '1')], { resourceVersion: '10', continue: 'more' }),
      status(410, 'Expired'),
      listOf([object('b', '2')], { resourceVersion: '20' }),
    ];
    await start();
    await passBackOff();
    await informer.synced;
    expect(names()).toEqual(['b']);
  });

  test('takes 120,000 objects in one page', async () => {
    const items = Array.from({ length: 120_000 }, (_, index) => object(`o${index}`, String(index + 1)));
    server.lists = [listOf(items, { resourceVersion: '120000' })];
    await start();
    await informer.synced;
    expect(informer.list()).toHaveLength(120_000);
  });
});
