import { describe, expect, test, vi } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import type { KubeObject } from './kube-object.ts';
import { ObjectStore, type ObjectStoreOptions } from './object-store.ts';

function object(name: string, resourceVersion: string, more: { uid?: string } = {}): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'ns', resourceVersion, uid: `uid of ${name}`, ...more },
  };
}

/** A store, and what its handler was told: `key before→after origin`. */
function storeOf(options: Partial<ObjectStoreOptions<KubeObject>> = {}) {
  const store = new ObjectStore<KubeObject>({ kind: 'ConfigMap', log: silentLogger, ...options });
  const told: string[] = [];
  store.onChange((key, before, after, origin) => {
    const version = (one: KubeObject | undefined) => one?.metadata.resourceVersion ?? '-';
    told.push(`${key} ${version(before)}→${version(after)} ${origin}`);
  });
  const list = (resourceVersion: string, ...objects: KubeObject[]) => {
    const listing = store.beginListing();
    for (const one of objects) listing.put(one);
    return listing.finish(resourceVersion);
  };
  return { store, told, list };
}

describe('what our own writes returned', () => {
  test('is in the cache at once, and its watch event tells nobody again', () => {
    const { store, told, list } = storeOf();
    list('10', object('a', '5'));
    expect(store.observe(object('a', '11'))).toBe(true);
    store.put(object('a', '11'));
    expect(store.get('ns/a')?.metadata.resourceVersion).toBe('11');
    expect(told).toEqual(['ns/a -→5 Initial', 'ns/a 5→11 Own']);
  });

  test('is not taken when the watch is past it: a deletion shown since is not undone', () => {
    const { store, told, list } = storeOf();
    list('10', object('a', '5'));
    store.remove(object('a', '12'));
    store.shownUpTo('12');
    expect(store.observe(object('a', '11'))).toBe(false);
    expect([store.get('ns/a'), told]).toEqual([undefined, ['ns/a -→5 Initial', 'ns/a 5→- Watch']]);
  });

  test('is not taken when the cache has it newer', () => {
    const { store, list } = storeOf();
    list('10');
    store.observe(object('a', '13'));
    expect(store.observe(object('a', '12'))).toBe(false);
    expect(store.get('ns/a')?.metadata.resourceVersion).toBe('13');
  });

  test('is not replaced by older events that the watch shows later', () => {
    const { store, told, list } = storeOf();
    list('10', object('a', '5', { uid: 'first' }));
    store.observe(object('a', '15', { uid: 'second' }));
    store.put(object('a', '11', { uid: 'first' }));
    store.remove(object('a', '12', { uid: 'first' }));
    expect(store.get('ns/a')?.metadata.uid).toBe('second');
    expect(told).toEqual(['ns/a -→5 Initial', 'ns/a 5→15 Own']);
  });

  test('is kept by a list that began before the write', () => {
    const { store, told } = storeOf();
    const listing = store.beginListing();
    store.observe(object('new', '12'));
    store.observe(object('changed', '13'));
    listing.put(object('changed', '5'));
    listing.finish('10');
    expect(store.list().map(({ metadata }) => metadata.resourceVersion)).toEqual(['12', '13']);
    expect(told).toEqual(['ns/new -→12 Own', 'ns/changed -→13 Own']);
  });

  test('is dropped by a list that is newer than the write and does not have it', () => {
    const { store, told } = storeOf();
    const listing = store.beginListing();
    store.observe(object('a', '9'));
    listing.finish('10');
    expect(told).toEqual(['ns/a -→9 Own', 'ns/a 9→- Relist']);
  });
});

describe('a later list', () => {
  test('finds what was changed, made and deleted meanwhile, and tells nobody of the rest', () => {
    const { told, list } = storeOf();
    list('10', object('same', '1'), object('changed', '2'), object('deleted', '3'));
    told.length = 0;
    list('20', object('same', '1'), object('changed', '15'), object('made', '16'));
    expect(told).toEqual(['ns/changed 2→15 Relist', 'ns/made -→16 Relist', 'ns/deleted 3→- Relist']);
  });

  test('tells of another object under the same name, even of the same version', () => {
    const { told, list } = storeOf();
    list('10', object('a', '1', { uid: 'first' }));
    list('20', object('a', '1', { uid: 'second' }));
    expect(told).toHaveLength(2);
  });

  test('is taken as it is once the versions of the API server went back', () => {
    const { store, told, list } = storeOf();
    list('100', object('a', '90'), object('b', '95'));
    told.length = 0;
    expect(list('50', object('a', '40'))).toBe('WentBack');
    expect(list('50', object('a', '40'))).toBe('Whole');
    expect(told).toEqual(['ns/a 90→40 Relist', 'ns/b 95→- Relist']);
    expect(store.observe(object('a', '51'))).toBe(true);
  });
});

describe('an object that cannot be kept', () => {
  const picky = { transform: (one: KubeObject) => (one.metadata.name === 'bad' ? explode() : one) };
  const explode = (): never => {
    throw new Error('cannot be kept');
  };

  test('is said in the log and leaves the others alone', () => {
    const log = { ...silentLogger, error: vi.fn() };
    const { store, list } = storeOf({ ...picky, log });
    list('10', object('bad', '1'), object('good', '2'));
    expect(store.list().map(({ metadata }) => metadata.name)).toEqual(['good']);
    expect(log.error).toHaveBeenCalledOnce();
  });

  test('leaves what was known of it as it was', () => {
    const { store, list } = storeOf({
      transform: (one) => (one.metadata.resourceVersion === '11' ? explode() : one),
    });
    list('10', object('a', '1'));
    store.put(object('a', '11'));
    expect(store.get('ns/a')?.metadata.resourceVersion).toBe('1');
  });

  test('a transform that drops the version is such a case: nothing could be compared', () => {
    const { store, list } = storeOf({
      transform: ({ metadata, ...rest }) => ({ ...rest, metadata: { name: metadata.name } }),
    });
    list('10', object('a', '1'));
    expect(store.list()).toEqual([]);
  });
});

describe('managedFields', () => {
  const managed = { ...object('a', '1') };
  const withFields = { ...managed, metadata: { ...managed.metadata, managedFields: [{ manager: 'm' }] } };

  test('are dropped', () => {
    const { store, list } = storeOf();
    list('10', withFields);
    expect(store.get('ns/a')?.metadata).toEqual(managed.metadata);
  });

  test('are shown to the transform first', () => {
    const transform = vi.fn((one: KubeObject) => one);
    storeOf({ transform }).list('10', withFields);
    expect(transform).toHaveBeenCalledWith(withFields);
  });
});

test('a handler that throws keeps nobody else from being told', () => {
  const { store, list } = storeOf();
  store.onChange(() => {
    throw new Error('a broken handler');
  });
  const later = vi.fn();
  store.onChange(later);
  list('10', object('a', '1'));
  expect(later).toHaveBeenCalledOnce();
});

test('a handler that comes late is told of all that is known, and of nothing once removed', () => {
  const { store, list } = storeOf();
  list('10', object('a', '1'));
  const late = vi.fn();
  store.onChange(late)();
  store.put(object('a', '11'));
  expect(late.mock.calls).toEqual([['ns/a', undefined, object('a', '1'), 'Initial']]);
});
