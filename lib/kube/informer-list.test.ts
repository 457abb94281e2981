import { beforeEach, describe, expect, test } from 'vitest';
import { InformerInTest } from './fakes/informer-in-test.ts';
import { initialEventsEnd, listOf, object, status } from './fakes/scripted-server.ts';

const t = new InformerInTest();
const isWatchList = (url: URL) => url.searchParams.has('sendInitialEvents');

describe('an informer of a server that knows WatchList', () => {
  beforeEach(() => {
    t.server.watchList = 'Served';
  });

  test('takes its list from the watch, whole with the bookmark that says so', async () => {
    await t.start();
    await t.until(() => t.server.watches.length === 1);
    t.server.send({ type: 'ADDED', object: object('a', '1') });
    t.server.send({ type: 'ADDED', object: object('b', '2') });
    t.server.send({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '3' } } });
    await t.until(() => t.names().length === 2);
    expect(t.informer.hasSynced).toBe(false);
    t.server.send(initialEventsEnd('10'));
    await t.informer.synced;
    expect(t.server.requests.map((url) => Object.fromEntries(url.searchParams))).toEqual([
      {
        watch: 'true',
        allowWatchBookmarks: 'true',
        sendInitialEvents: 'true',
        resourceVersionMatch: 'NotOlderThan',
        timeoutSeconds: '450',
      },
    ]);
    expect(t.onRelist.mock.calls).toEqual([['Start']]);
  });

  test('goes on in the same stream, and after its end from its last version', async () => {
    await t.start();
    await t.until(() => t.server.watches.length === 1);
    t.server.send(initialEventsEnd('10'));
    t.server.send({ type: 'ADDED', object: object('a', '11') });
    await t.until(() => t.names().length === 1);
    await t.clock.advance(2_000);
    t.server.watches[0]?.end();
    await t.until(() => t.server.watches.length === 2);
    expect(t.server.requests.at(-1)?.searchParams.get('resourceVersion')).toBe('11');
  });

  test('does not have what was deleted while the list was shown', async () => {
    await t.start();
    await t.until(() => t.server.watches.length === 1);
    t.server.send({ type: 'ADDED', object: object('a', '1') });
    t.server.send({ type: 'DELETED', object: object('a', '9') });
    t.server.send(initialEventsEnd('10'));
    await t.informer.synced;
    expect(t.names()).toEqual([]);
  });

  test.each([
    ['says nothing more', () => undefined],
    ['sends bookmarks that end nothing', () => t.server.send({ type: 'BOOKMARK', object: { metadata: {} } })],
  ])('lists by pages when the WatchList %s before it is whole', async (_, happens) => {
    t.server.lists = [listOf([object('b', '2')])];
    await t.start();
    await t.until(() => t.server.watches.length === 1);
    t.server.send({ type: 'ADDED', object: object('a', '1') });
    await t.until(() => t.names().length === 1);
    happens();
    await t.clock.advance(30_000);
    await t.passBackOff();
    await t.informer.synced;
    expect(t.names()).toEqual(['b']);
  });

  test('lists by pages when the WatchList ends before it is whole', async () => {
    t.server.lists = [listOf([object('b', '2')])];
    await t.start();
    await t.until(() => t.server.watches.length === 1);
    t.server.watches[0]?.end();
    await t.passBackOff();
    await t.informer.synced;
    expect(t.names()).toEqual(['b']);
  });

  test('asks for a WatchList again after a 410', async () => {
    await t.start();
    await t.until(() => t.server.watches.length === 1);
    t.server.send({ type: 'ADDED', object: object('a', '1') });
    t.server.send({ type: 'ADDED', object: object('b', '2') });
    t.server.send(initialEventsEnd('10'));
    t.server.send({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
    await t.passBackOff();
    await t.until(() => t.server.watches.length === 2);
    t.server.send({ type: 'ADDED', object: object('b', '2') });
    t.server.send(initialEventsEnd('20'));
    await t.until(() => t.names().length === 1);
    expect(t.server.requests.map(isWatchList)).toEqual([true, true]);
    expect(t.onRelist.mock.calls).toEqual([['Start'], ['Expired']]);
  });
});

describe('an informer of a server without WatchList', () => {
  test('lists page by page, then watches from where the list stood, with bookmarks and an end', async () => {
    t.server.lists = [
      listOf([object('a', '1')], { resourceVersion: '10', continue: 'more' }),
      listOf([object('b', '2')], { resourceVersion: '10' }),
    ];
    await t.start();
    await t.informer.synced;
    expect(t.names()).toEqual(['a', 'b']);
    await t.until(() => t.server.watches.length === 1);
    const [refused, first, second, watch] = t.server.requests;
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
    t.server.refusals = [status(410, 'Expired')];
    await t.start();
    await t.passBackOff();
    await t.until(() => t.server.watches.length === 1);
    expect(t.server.requests.filter(isWatchList)).toHaveLength(1);
  });

  test('has the first page before the second is read', async () => {
    let answerSecond: (() => void) | undefined;
    t.server.lists = [
      listOf([object('a', '1')], { resourceVersion: '10', continue: 'more' }),
      (response) => {
        answerSecond = () => listOf([object('b', '2')])(response);
      },
    ];
    await t.start();
    await t.until(() => answerSecond);
    expect([t.names(), t.informer.hasSynced]).toEqual([['a'], false]);
    answerSecond?.();
    await t.informer.synced;
  });

  test('lists from the start when the snapshot of its pages is gone', async () => {
    t.server.lists = [
      listOf([object('gone', '1')], { resourceVersion: '10', continue: 'more' }),
      status(410, 'Expired'),
      listOf([object('b', '2')], { resourceVersion: '20' }),
    ];
    await t.start();
    await t.passBackOff();
    await t.informer.synced;
    expect(t.names()).toEqual(['b']);
  });

  test('takes 120,000 objects in one page', async () => {
    const items = Array.from({ length: 120_000 }, (_, index) => object(`o${index}`, String(index + 1)));
    t.server.lists = [listOf(items, { resourceVersion: '120000' })];
    await t.start();
    await t.informer.synced;
    expect(t.informer.list()).toHaveLength(120_000);
  });
});
