import { describe, expect, test } from 'vitest';
import { childHasNews, namespaceHasNews, sharedSecretHasNews, tenantHasNews } from './has-news.ts';

const tenant = (metadata: object = {}, status: object | undefined = { observedGeneration: 1 }) => ({
  apiVersion: 'veralux.io/v1alpha1',
  kind: 'Tenant',
  metadata: { name: 'acme', uid: 'u', generation: 1, finalizers: ['veralux.io/tenant'], ...metadata },
  ...(status === undefined ? {} : { status }),
});

describe('of a Tenant', () => {
  test.each([
    ['that appears', undefined, tenant(), true],
    ['that is gone', tenant(), undefined, true],
    ['with another spec', tenant(), tenant({ generation: 2 }), true],
    ['that is being deleted', tenant(), tenant({ deletionTimestamp: '2026-01-01T00:00:00Z' }), true],
    ['with another annotation', tenant(), tenant({ annotations: { 'veralux.io/paused': 'true' } }), true],
    ['that was made anew', tenant(), tenant({ uid: 'v' }), true],
    ['that lost our finalizer', tenant(), tenant({ finalizers: [] }), true],
    ['that lost its status', tenant(), tenant({}, {}), true],
    ['that has our finalizers now', tenant({ finalizers: [] }), tenant(), false],
    ['with a status of ours', tenant({}, undefined), tenant({ resourceVersion: '9' }), false],
  ])('%s: %#', (_what, before, after, expected) => {
    expect(tenantHasNews(before, after)).toBe(expected);
  });
});

describe('of a namespace', () => {
  const namespace = (labels: Record<string, string>, resourceVersion = '1', remaining?: string) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'tenant-acme', labels, resourceVersion },
    ...(remaining === undefined ? {} : { remaining }),
  });
  const ours = { 'veralux.io/tenant-id': 'x' };

  test('a stranger’s that appears, a label that goes, and what is in the way of its end', () => {
    expect(namespaceHasNews(undefined, namespace({}), 'Watch')).toBe(true);
    expect(namespaceHasNews(namespace(ours), namespace({}), 'Watch')).toBe(true);
    expect(namespaceHasNews(namespace(ours), namespace(ours, '2', 'pods'), 'Watch')).toBe(true);
    expect(namespaceHasNews(namespace(ours), undefined, 'Relist')).toBe(true);
  });

  test('nothing that we write, also not before its reply, and no other field', () => {
    expect(namespaceHasNews(namespace({}), namespace(ours), 'Own')).toBe(false);
    expect(namespaceHasNews(undefined, namespace(ours), 'Watch')).toBe(false);
    expect(namespaceHasNews(namespace(ours), namespace(ours, '2'), 'Watch')).toBe(false);
    const noting = (children: string) => {
      const { metadata, ...rest } = namespace(ours);
      return { ...rest, metadata: { ...metadata, annotations: { 'veralux.io/children': children } } };
    };
    expect(namespaceHasNews(noting('a'), noting('b'), 'Watch')).toBe(false);
    expect(namespaceHasNews(noting('a'), namespace(ours), 'Watch')).toBe(true);
  });
});

describe('of a child', () => {
  const child = (digest: string, appliedDigest = 'a') => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'tenant-keys', uid: 'u', resourceVersion: '1' },
    owner: undefined,
    digest,
    appliedDigest,
  });

  test('whatever others change, also where they keep our annotation right', () => {
    expect(childHasNews(child('a'), child('b'), 'Watch')).toBe(true);
    expect(childHasNews(child('a'), child('b', 'b'), 'Watch')).toBe(true);
    expect(childHasNews(child('a'), undefined, 'Watch')).toBe(true);
    expect(childHasNews(undefined, child('b'), 'Relist')).toBe(true);
  });

  test('nothing that we write, no status, and no first list', () => {
    expect(childHasNews(undefined, child('a'), 'Watch')).toBe(false);
    expect(childHasNews(child('a'), child('a'), 'Watch')).toBe(false);
    expect(childHasNews(child('a'), child('b', 'b'), 'Own')).toBe(false);
    expect(childHasNews(undefined, child('b'), 'Initial')).toBe(false);
  });
});

describe('of a Secret that is copied to tenants', () => {
  const secret = (more: object = {}, metadata: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'ca',
      resourceVersion: '1',
      labels: { 'veralux.io/copy-to-tenants': 'true' },
      ...metadata,
    },
    type: 'Opaque',
    data: { ca: 'YQ==' },
    ...more,
  });
  const ours = { 'veralux.io/copy-to-tenants': 'true', 'app.kubernetes.io/managed-by': 'veralux-operator' };

  test.each([
    ['that appears', undefined, secret(), true],
    ['that is gone', secret(), undefined, true],
    ['with another value', secret(), secret({ data: { ca: 'Yg==' } }), true],
    ['of another type', secret(), secret({ type: 'example.org/ca' }), true],
    ['that is the platform’s own now', secret(), secret({}, { labels: ours }), true],
    [
      'with another annotation',
      secret(),
      secret({}, { resourceVersion: '2', annotations: { a: 'b' } }),
      false,
    ],
    ['that was made anew as it was', secret(), secret({}, { uid: 'another' }), false],
    ['that may not be changed any more', secret(), secret({ immutable: true }), false],
  ])('%s: %#', (_what, before, after, expected) => {
    expect(sharedSecretHasNews(before, after)).toBe(expected);
  });
});
