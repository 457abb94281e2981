import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { object } from './fakes/scripted-server.ts';
import type { PageOptions } from './kube-client.ts';
import type { KubeList, KubeObject } from './kube-object.ts';
import { ObjectStore } from './object-store.ts';
import { CONFIG_MAPS, type Resource } from './resource.ts';
import { VerifyPass } from './verify-pass.ts';

type ListMetadata = (resource: Resource, options: PageOptions) => Promise<KubeList<KubeObject>>;

const listMetadata = vi.fn<ListMetadata>();
const onVerified = vi.fn();
const relist = vi.fn();
let clock: FakeClock;
let store: ObjectStore<KubeObject>;
let ending: AbortController;
let running: Promise<void>;

beforeEach(() => {
  for (const mock of [listMetadata, onVerified, relist]) mock.mockReset();
  clock = new FakeClock();
  ending = new AbortController();
  store = new ObjectStore<KubeObject>({
    kind: 'ConfigMap',
    log: silentLogger,
    transform: (one) => {
      if (one.metadata.name === 'bad') throw new Error('cannot be kept');
      return one;
    },
  });
  const listing = store.beginListing();
  for (const one of [object('a', '1'), object('b', '2'), object('bad', '3')]) listing.put(one);
  listing.finish('10');
  running = new VerifyPass({
    client: { listMetadataPage: listMetadata },
    resource: CONFIG_MAPS,
    select: undefined,
    store,
    log: silentLogger,
    clock,
    random: () => 0,
    signal: ending.signal,
    intervalMs: 300_000,
    onVerified,
    relist,
  }).run();
});
afterEach(async () => {
  ending.abort();
  await running;
  expect(clock.pending).toBe(0);
});

const SAME = [object('a', '1'), object('b', '2'), object('bad', '3')];
const pageAt = (resourceVersion: string, ...items: KubeObject[]) => ({
  metadata: { resourceVersion },
  items,
});
/** Lets the interval be over, so that the first look is taken. */
const firstLook = () => clock.advance(300_000);
const grace = () => clock.advance(5_000);

describe('a verify pass', () => {
  test('that finds everything as cached says 0, also where an object could not be kept', async () => {
    listMetadata.mockResolvedValue(pageAt('10', ...SAME));
    await firstLook();
    expect(onVerified.mock.calls).toEqual([[0]]);
    await firstLook();
    expect(listMetadata).toHaveBeenCalledTimes(2);
  });

  test('reads page by page', async () => {
    listMetadata.mockResolvedValueOnce({
      metadata: { resourceVersion: '10', continue: 'more' },
      items: [object('a', '1')],
    });
    listMetadata.mockResolvedValueOnce(pageAt('10', object('b', '2'), object('bad', '3')));
    await firstLook();
    expect(listMetadata.mock.calls.map(([, { limit, continueFrom }]) => [limit, continueFrom])).toEqual([
      [500, undefined],
      [500, 'more'],
    ]);
    expect(onVerified.mock.calls).toEqual([[0]]);
  });

  test.each([
    ['a change', [object('a', '11'), object('b', '2'), object('bad', '3')]],
    ['a deletion', [object('b', '2'), object('bad', '3')]],
    ['a new object', [...SAME, object('c', '11')]],
    [
      'a deletion and a new object of the same name',
      [object('a', '11', { metadata: { ...object('a', '11').metadata, uid: 'another' } }), ...SAME.slice(1)],
    ],
  ])('counts %s that the watch has passed in silence, and lists again', async (_, items) => {
    listMetadata.mockResolvedValue(pageAt('12', ...items));
    await firstLook();
    store.shownUpTo('12');
    await grace();
    expect(onVerified.mock.calls).toEqual([[1]]);
    expect(relist).toHaveBeenCalledOnce();
  });

  test('does not count what the watch shows a little later', async () => {
    listMetadata.mockResolvedValue(pageAt('12', object('a', '11'), object('c', '12'), object('bad', '3')));
    await firstLook();
    store.put(object('a', '11'));
    store.remove(object('b', '12'));
    store.put(object('c', '12'));
    store.shownUpTo('12');
    await grace();
    expect([onVerified.mock.calls, relist.mock.calls]).toEqual([[[0]], []]);
  });

  test('waits for the next bookmark before it judges', async () => {
    listMetadata.mockResolvedValue(pageAt('12', object('a', '11'), ...SAME.slice(1)));
    await firstLook();
    await clock.advance(60_000);
    expect(onVerified).not.toHaveBeenCalled();
    store.shownUpTo('12');
    await grace();
    expect(onVerified.mock.calls).toEqual([[1]]);
  });

  test('does not judge a watch that says nothing: the inactivity timer ends that one', async () => {
    listMetadata.mockResolvedValue(pageAt('12', object('a', '11'), ...SAME.slice(1)));
    await firstLook();
    await clock.advance(120_000);
    store.shownUpTo('12');
    await grace();
    expect([onVerified.mock.calls, relist.mock.calls]).toEqual([[], []]);
  });

  test('does not count an object that is changed all the time', async () => {
    listMetadata.mockResolvedValueOnce(pageAt('12', object('a', '11'), ...SAME.slice(1)));
    listMetadata.mockResolvedValueOnce(pageAt('20', object('a', '20'), ...SAME.slice(1)));
    await firstLook();
    store.put(object('a', '19'));
    store.shownUpTo('19');
    await grace();
    expect(onVerified.mock.calls).toEqual([[0]]);
  });

  test('does not count what was missing twice but made anew just now', async () => {
    listMetadata.mockResolvedValueOnce(pageAt('12', ...SAME, object('c', '11')));
    listMetadata.mockResolvedValueOnce(pageAt('20', ...SAME, object('c', '20')));
    await firstLook();
    store.put(object('c', '11'));
    store.remove(object('c', '13'));
    store.shownUpTo('13');
    await grace();
    expect(onVerified.mock.calls).toEqual([[0]]);
  });

  test('does not count a write of ours that came after the first look', async () => {
    listMetadata.mockImplementationOnce(async () => {
      store.observe(object('mine', '13'));
      return pageAt('12', ...SAME);
    });
    listMetadata.mockResolvedValueOnce(pageAt('14', ...SAME));
    await firstLook();
    store.shownUpTo('12');
    await grace();
    expect([onVerified.mock.calls, relist.mock.calls]).toEqual([[[0]], []]);
  });

  test('lists again when the versions of the API server went back: its watch would say nothing', async () => {
    listMetadata.mockResolvedValue(pageAt('5', object('a', '1')));
    await firstLook();
    expect(onVerified.mock.calls).toEqual([[1]]);
    expect(relist).toHaveBeenCalledOnce();
  });

  test('survives an API server that is away', async () => {
    listMetadata.mockRejectedValueOnce(new Error('away'));
    listMetadata.mockResolvedValueOnce(pageAt('10', ...SAME));
    await firstLook();
    await firstLook();
    expect(onVerified.mock.calls).toEqual([[0]]);
  });
});
