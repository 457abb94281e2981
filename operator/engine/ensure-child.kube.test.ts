import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { testCluster } from '#hack/testing/cluster.ts';
import { type Applied, KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS, NAMESPACES, type Resource } from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { ChildCache } from './child-cache.ts';
import type { ChildKind, ChildNames } from './child-kind.ts';
import { type ChildResult, ensureChild, ForeignObject } from './ensure-child.ts';

const NAMES: ChildNames = {
  fieldManager: 'child-test',
  managedBy: { label: 'child-test.example/managed-by', value: 'child-test' },
  appliedDigest: 'child-test.example/applied-digest',
  prefixes: ['child-test.example/'],
};
const MARK = { [NAMES.managedBy.label]: NAMES.managedBy.value };
const ROLE_BINDINGS: Resource = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'rolebindings',
  kind: 'RoleBinding',
  namespaced: true,
};
const NETWORK_POLICIES: Resource = {
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'networkpolicies',
  kind: 'NetworkPolicy',
  namespaced: true,
};
const BINDING: ChildKind = {
  resource: ROLE_BINDINGS,
  owned: ({ roleRef, subjects }) => ({ roleRef, subjects }),
};
const POLICY: ChildKind = { resource: NETWORK_POLICIES, owned: ({ spec }) => ({ spec }) };
const MAP: ChildKind = { resource: CONFIG_MAPS, owned: ({ data, binaryData }) => ({ data, binaryData }) };

const cluster = testCluster();
let admin: KubeClient;
let caches: ChildCache[];
let maps: ChildCache;
/** How many requests that write were sent through `client`. */
let writes = 0;
let client: KubeClient;
let namespace: string;
let namespaces = 0;

beforeAll(() => {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfigPath);
  admin = new KubeClient({ config, userAgent: 'admin' });
  const onRequest = (method: string) => {
    if (method !== 'GET') writes += 1;
  };
  client = new KubeClient({ config, userAgent: 'child-test', onRequest });
});

afterAll(async () => {
  await Promise.all(caches.map((cache) => cache.stop()));
  await admin.close();
  await client.close();
});

beforeEach(async () => {
  await Promise.all((caches ?? []).map((cache) => cache.stop()));
  caches = [];
  namespaces += 1;
  namespace = `child-test-${namespaces}`;
  await admin.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  maps = await cacheOf(MAP);
  writes = 0;
});

async function cacheOf(kind: ChildKind): Promise<ChildCache> {
  const cache = new ChildCache({ client, log: silentLogger, kind, names: NAMES });
  caches.push(cache);
  await cache.start((error) => expect.unreachable(String(error)));
  await cache.synced;
  return cache;
}

function map(data: Record<string, string>, labels: Record<string, string> = {}): Applied {
  return { metadata: { name: 'child', namespace, labels: { ...MARK, ...labels } }, data };
}

function policy(port: number): Applied {
  const ports = [{ port, protocol: 'TCP' }];
  const spec = { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports }] };
  return { metadata: { name: 'child', namespace, labels: MARK }, spec };
}

function binding(role: string): Applied {
  const apiGroup = 'rbac.authorization.k8s.io';
  return {
    metadata: { name: 'child', namespace, labels: MARK },
    roleRef: { apiGroup, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup, kind: 'User', name: 'ann' }],
  };
}

function ensure(cache: ChildCache, desired: Applied, wasThere = false): Promise<ChildResult> {
  return ensureChild({ client, cache, desired, wasThere });
}

interface Live extends KubeObject {
  readonly [field: string]: unknown;
}

async function live(resource: Resource): Promise<Live> {
  const found = await admin.get<Live>(resource, { name: 'child', namespace });
  if (found === undefined) throw new Error('the child is missing');
  return found;
}

/** Changes the child as a person would, and waits until the cache has seen it. */
async function edit(cache: ChildCache, patch: Record<string, unknown>): Promise<void> {
  const ref = { name: 'child', namespace };
  const { metadata } = await admin.mergePatch(cache.kind.resource, ref, patch, {
    fieldManager: 'kubectl-edit',
  });
  await vi.waitFor(() => {
    const seen = cache.get(`${namespace}/child`)?.metadata.resourceVersion;
    expect(seen).toBe(metadata.resourceVersion);
  });
}

test('a child is created, and left alone without a request from then on', async () => {
  expect(await ensure(maps, map({ a: '1' }))).toEqual({ outcome: 'Created' });
  expect(await ensure(maps, map({ a: '1' }))).toEqual({ outcome: 'Unchanged' });
  expect(writes).toBe(1);
});

test('what we want otherwise is updated, and what we no longer want goes', async () => {
  await ensure(maps, map({ a: '1', b: '2' }, { 'child-test.example/old': 'x' }));
  expect(await ensure(maps, map({ a: '3' }))).toEqual({ outcome: 'Updated' });
  expect(await ensure(maps, map({ a: '3' }))).toEqual({ outcome: 'Unchanged' });
  expect(await live(CONFIG_MAPS)).toMatchObject({ data: { a: '3' } });
  expect((await live(CONFIG_MAPS)).metadata.labels).toEqual(MARK);
  expect((await live(CONFIG_MAPS))['data']).toEqual({ a: '3' });
});

test.each<[string, 'known' | 'unknown', Record<string, unknown>]>([
  ['a changed value', 'known', { data: { a: 'mine' } }],
  ['an added entry', 'known', { data: { c: 'mine' } }],
  ['a removed entry', 'unknown', { data: { a: null } }],
  ['a field that was not there', 'known', { binaryData: { d: 'bWluZQ==' } }],
  ['all entries removed', 'unknown', { data: null }],
  ['an added label of ours', 'known', { metadata: { labels: { 'child-test.example/mine': 'x' } } }],
  ['an added annotation of ours', 'known', { metadata: { annotations: { 'child-test.example/mine': 'x' } } }],
  ['a changed label', 'known', { metadata: { labels: { 'child-test.example/kept': 'mine' } } }],
  ['a changed digest', 'known', { metadata: { annotations: { [NAMES.appliedDigest]: 'mine' } } }],
  ['a removed digest and value', 'unknown', { data: { a: null }, metadata: { annotations: null } }],
])('%s is put back, and who did it is %s', async (_name, by, patch) => {
  const desired = map({ a: '1', b: '2' }, { 'child-test.example/kept': 'x' });
  await ensure(maps, desired);
  const before = await live(CONFIG_MAPS);
  await edit(maps, patch);
  const corrected = { outcome: 'Corrected', ...(by === 'known' ? { changedBy: 'kubectl-edit' } : {}) };
  expect(await ensure(maps, desired)).toEqual(corrected);
  const after = await live(CONFIG_MAPS);
  expect({ ...after, metadata: undefined }).toEqual({ ...before, metadata: undefined });
  const { labels, annotations } = after.metadata;
  expect({ labels, annotations }).toEqual({
    labels: before.metadata.labels,
    annotations: before.metadata.annotations,
  });
  expect(await ensure(maps, desired)).toEqual({ outcome: 'Unchanged' });
});

test("labels and annotations of others' stay, and cost no request", async () => {
  await ensure(maps, map({ a: '1' }));
  await edit(maps, { metadata: { labels: { team: 'x' }, annotations: { note: 'y' } } });
  expect(await ensure(maps, map({ a: '1' }))).toEqual({ outcome: 'Unchanged' });
  await edit(maps, { data: { a: '2' } });
  await ensure(maps, map({ a: '1' }));
  expect((await live(CONFIG_MAPS)).metadata).toMatchObject({
    labels: { ...MARK, team: 'x' },
    annotations: { note: 'y' },
  });
});

test('what was changed while nobody watched is found by the first list', async () => {
  await ensure(maps, map({ a: '1' }));
  await maps.stop();
  const ref = { name: 'child', namespace };
  await admin.mergePatch(CONFIG_MAPS, ref, { data: { a: 'mine' } }, { fieldManager: 'kubectl-patch' });
  const next = await cacheOf(MAP);
  expect(await ensure(next, map({ a: '1' }))).toEqual({ outcome: 'Corrected', changedBy: 'kubectl-patch' });
  const last = await cacheOf(MAP);
  writes = 0;
  expect(await ensure(last, map({ a: '1' }))).toEqual({ outcome: 'Unchanged' });
  expect(writes).toBe(0);
});

test('a child that was deleted is restored', async () => {
  await ensure(maps, map({ a: '1' }));
  await admin.delete(CONFIG_MAPS, { name: 'child', namespace });
  await vi.waitFor(() => expect(maps.get(`${namespace}/child`)).toBeUndefined());
  expect(await ensure(maps, map({ a: '1' }), true)).toEqual({ outcome: 'Restored' });
});

test('a child whose label and annotation were taken away is still ours', async () => {
  await ensure(maps, map({ a: '1' }));
  const metadata = { labels: null, annotations: null };
  await admin.mergePatch(
    CONFIG_MAPS,
    { name: 'child', namespace },
    { metadata },
    { fieldManager: 'kubectl-label' },
  );
  await vi.waitFor(() => expect(maps.get(`${namespace}/child`)).toBeUndefined());
  expect(await ensure(maps, map({ a: '1' }), true)).toEqual({ outcome: 'Corrected' });
  expect((await live(CONFIG_MAPS)).metadata.labels).toEqual(MARK);
});

test("a stranger's object of the name is refused and stays as it is", async () => {
  const metadata = { name: 'child', namespace };
  await admin.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  const before = await live(CONFIG_MAPS);
  await expect(ensure(maps, map({ a: '1' }))).rejects.toBeInstanceOf(ForeignObject);
  expect(await live(CONFIG_MAPS)).toEqual(before);
});

test('a child that another process made since the cache was filled is taken as it is', async () => {
  await ensure(maps, map({ a: '1' }));
  const behind = new ChildCache({ client, log: silentLogger, kind: MAP, names: NAMES });
  expect(await ensure(behind, map({ a: '1' }))).toEqual({ outcome: 'Unchanged' });
});

test('an apply never takes over, or makes, another object than the one that was seen', async () => {
  await ensure(maps, map({ a: '1' }));
  await maps.stop();
  await admin.delete(CONFIG_MAPS, { name: 'child', namespace });
  await expect(ensure(maps, map({ a: '2' }))).rejects.toMatchObject({ reason: 'Conflict' });
  const metadata = { name: 'child', namespace };
  await admin.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  await expect(ensure(maps, map({ a: '2' }))).rejects.toMatchObject({ reason: 'Conflict' });
});

test('a child that is held while it is deleted is waited for', async () => {
  await ensure(maps, map({ a: '1' }));
  await edit(maps, { metadata: { finalizers: ['test.example/held'] } });
  await admin.delete(CONFIG_MAPS, { name: 'child', namespace });
  await vi.waitFor(() => expect(maps.get(`${namespace}/child`)?.metadata.deletionTimestamp).toBeDefined());
  expect(await ensure(maps, map({ a: '2' }))).toEqual({ outcome: 'Terminating' });
  await edit(maps, { metadata: { finalizers: null } }).catch(() => undefined);
});

test('entries added to lists, and fields beside ours, are removed', async () => {
  const policies = await cacheOf(POLICY);
  await ensure(policies, policy(80));
  const { spec } = await live(NETWORK_POLICIES);
  for (const patch of [
    { spec: { ingress: [{ ports: [{ port: 80, protocol: 'TCP' }] }, {}] } },
    { spec: { egress: [{}], policyTypes: ['Ingress', 'Egress'] } },
    { spec: { ingress: null } },
    { spec: { podSelector: { matchLabels: { none: 'such' } } } },
  ]) {
    await edit(policies, patch);
    expect(await ensure(policies, policy(80))).toMatchObject({ outcome: 'Corrected' });
    expect((await live(NETWORK_POLICIES))['spec']).toEqual(spec);
  }
});

test('a field that may not be changed has the child made anew', async () => {
  const bindings = await cacheOf(BINDING);
  await ensure(bindings, binding('view'));
  const { uid } = (await live(ROLE_BINDINGS)).metadata;
  expect(await ensure(bindings, binding('edit'))).toEqual({ outcome: 'Updated' });
  const after = await live(ROLE_BINDINGS);
  expect(after).toMatchObject({ roleRef: { name: 'edit' } });
  expect(after.metadata.uid).not.toBe(uid);
  expect(await ensure(bindings, binding('edit'))).toEqual({ outcome: 'Unchanged' });
});

test('a wish that the API server would refuse anyway does not cost the child that is there', async () => {
  const policies = await cacheOf(POLICY);
  await ensure(policies, policy(80));
  const before = await live(NETWORK_POLICIES);
  await expect(ensure(policies, policy(99_999))).rejects.toMatchObject({ reason: 'Invalid' });
  expect(await live(NETWORK_POLICIES)).toEqual(before);
});

test('a default of the API server that is not written out is written once, not for ever', async () => {
  const policies = await cacheOf(POLICY);
  const spec = { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 80 }] }] };
  const desired = { metadata: { name: 'child', namespace, labels: MARK }, spec };
  expect(await ensure(policies, desired)).toEqual({ outcome: 'Created' });
  writes = 0;
  expect(await ensure(policies, desired)).toEqual({ outcome: 'Unchanged' });
  await edit(policies, { spec: { policyTypes: ['Egress'] } });
  expect(await ensure(policies, desired)).toEqual({ outcome: 'Corrected', changedBy: 'kubectl-edit' });
});
