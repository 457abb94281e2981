import { expect, test } from 'vitest';
import type { Applied } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS } from '#lib/kube/resource.ts';
import { applyIfDiffers, covers, latestOf, writeStatus } from './apply.ts';

test.each<[string, unknown, unknown, boolean]>([
  ['more fields than wanted', { a: 1, b: 2 }, { a: 1 }, true],
  ['a field with another value', { a: 1 }, { a: 2 }, false],
  ['a field that is missing', {}, { a: 1 }, false],
  ['a field that is wanted as undefined', {}, { a: undefined }, true],
  ['equal lists', { a: [1, { b: 2, c: 3 }] }, { a: [1, { b: 2 }] }, true],
  ['a list that is longer', { a: [1, 2] }, { a: [1] }, false],
  ['a list instead of an object', { a: [] }, { a: { b: 1 } }, false],
  ['null instead of an object', { a: null }, { a: { b: 1 } }, false],
])('%s: covered is %s', (_name, actual, desired, expected) => {
  expect(covers(actual, desired)).toBe(expected);
});

test('applies what differs, and nothing when the object is as it was applied', async () => {
  const server = fakeServer();
  const desired: Applied = { metadata: { name: 'x', namespace: 'ns' }, data: { a: '1', b: '2' } };
  const apply = (wanted: Applied) =>
    applyIfDiffers({
      client: server,
      resource: CONFIG_MAPS,
      fieldManager: 'test',
      desired: wanted,
      current: server.object,
    });
  expect(await apply(desired)).toBe('Applied');
  expect(await apply(desired)).toBe('Unchanged');
  // A field that is no longer wanted is noticed although all that is wanted is there.
  expect(await apply({ ...desired, data: { a: '1' } })).toBe('Applied');
  expect(server.applied).toBe(2);
});

test('a status names the very object that it is of', async () => {
  const refs: unknown[] = [];
  const client = {
    async patchStatus<T extends KubeObject>(_resource: unknown, ref: unknown): Promise<T> {
      refs.push(ref);
      return { ...thing } as unknown as T;
    },
  };
  const thing = { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x', namespace: 'ns', uid: 'u' } };
  const request = { client, resource: CONFIG_MAPS, fieldManager: 'test', object: thing };
  await writeStatus({ ...request, status: { a: 1 } });
  expect(refs).toEqual([{ name: 'x', namespace: 'ns', uid: 'u' }]);
});

test('the latest of an object is never another one of its name', () => {
  const thing = (uid: string, resourceVersion: string) => {
    return { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'x', uid, resourceVersion } };
  };
  const old = thing('u', '1');
  expect(latestOf({ get: () => thing('u', '2') }, old)).toEqual(thing('u', '2'));
  expect(latestOf({ get: () => thing('v', '3') }, old)).toBe(old);
  expect(latestOf({ get: () => undefined }, old)).toBe(old);
});

function fakeServer() {
  const server = {
    applied: 0,
    object: undefined as KubeObject | undefined,
    async apply<T extends KubeObject>(_resource: unknown, object: Applied): Promise<T> {
      server.applied += 1;
      server.object = { ...object, apiVersion: 'v1', kind: 'ConfigMap' };
      return server.object as T;
    },
  };
  return server;
}
