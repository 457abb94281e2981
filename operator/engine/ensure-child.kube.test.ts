import { beforeEach, expect, test } from 'vitest';
import { testCluster } from '#hack/testing/cluster.ts';
import type { Applied } from '#lib/kube/kube-client.ts';
import { CONFIG_MAPS, type Resource } from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { ChildCache } from './child-cache.ts';
import type { ChildKind } from './child-kind.ts';
import { ForeignObject } from './ensure-child.ts';
import { ChildrenInTest, MAP, MARK, NAMES, POLICY } from './fakes/children-in-test.ts';

const ROLE_BINDINGS: Resource = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'rolebindings',
  kind: 'RoleBinding',
  namespaced: true,
};
const NETWORK_POLICIES = POLICY.resource;
const BINDING: ChildKind = {
  resource: ROLE_BINDINGS,
  owned: ({ roleRef, subjects }) => ({ roleRef, subjects }),
  replaceable: true,
};

const children = new ChildrenInTest('child-test', async () => testCluster());
let maps: ChildCache;

beforeEach(async () => {
  maps = await children.cacheOf(MAP);
});

function policy(port: number): Applied {
  const ports = [{ port, protocol: 'TCP' }];
  const spec = { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports }] };
  return { metadata: { name: 'child', namespace: children.namespace, labels: MARK }, spec };
}

function binding(role: string): Applied {
  const apiGroup = 'rbac.authorization.k8s.io';
  return {
    metadata: { name: 'child', namespace: children.namespace, labels: MARK },
    roleRef: { apiGroup, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup, kind: 'User', name: 'ann' }],
  };
}

test('a child is created, and left alone without a request from then on', async () => {
  expect(await children.ensure(maps, children.map({ a: '1' }))).toEqual({ outcome: 'Created' });
  expect(await children.ensure(maps, children.map({ a: '1' }))).toEqual({ outcome: 'Unchanged' });
  expect(children.writes).toBe(1);
});

test('what we want otherwise is updated, and what we no longer want goes', async () => {
  await children.ensure(maps, children.map({ a: '1', b: '2' }, { 'child-test.example/old': 'x' }));
  expect(await children.ensure(maps, children.map({ a: '3' }))).toEqual({ outcome: 'Updated' });
  expect(await children.ensure(maps, children.map({ a: '3' }))).toEqual({ outcome: 'Unchanged' });
  expect(await children.live(CONFIG_MAPS)).toMatchObject({ data: { a: '3' } });
  expect((await children.live(CONFIG_MAPS)).metadata.labels).toEqual(MARK);
  expect((await children.live(CONFIG_MAPS))['data']).toEqual({ a: '3' });
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
  const desired = children.map({ a: '1', b: '2' }, { 'child-test.example/kept': 'x' });
  await children.ensure(maps, desired);
  const before = await children.live(CONFIG_MAPS);
  await children.edit(maps, patch);
  const corrected = { outcome: 'Corrected', ...(by === 'known' ? { changedBy: 'kubectl-edit' } : {}) };
  expect(await children.ensure(maps, desired)).toEqual(corrected);
  const after = await children.live(CONFIG_MAPS);
  expect({ ...after, metadata: undefined }).toEqual({ ...before, metadata: undefined });
  const { labels, annotations } = after.metadata;
  expect({ labels, annotations }).toEqual({
    labels: before.metadata.labels,
    annotations: before.metadata.annotations,
  });
  expect(await children.ensure(maps, desired)).toEqual({ outcome: 'Unchanged' });
});

test("labels and annotations of others' stay, and cost no request", async () => {
  await children.ensure(maps, children.map({ a: '1' }));
  await children.edit(maps, { metadata: { labels: { team: 'x' }, annotations: { note: 'y' } } });
  expect(await children.ensure(maps, children.map({ a: '1' }))).toEqual({ outcome: 'Unchanged' });
  await children.edit(maps, { data: { a: '2' } });
  await children.ensure(maps, children.map({ a: '1' }));
  expect((await children.live(CONFIG_MAPS)).metadata).toMatchObject({
    labels: { ...MARK, team: 'x' },
    annotations: { note: 'y' },
  });
});

test('what was changed while nobody watched is found by the first list', async () => {
  await children.ensure(maps, children.map({ a: '1' }));
  await maps.stop();
  const ref = { name: 'child', namespace: children.namespace };
  await children.admin.mergePatch(
    CONFIG_MAPS,
    ref,
    { data: { a: 'mine' } },
    { fieldManager: 'kubectl-patch' },
  );
  const next = await children.cacheOf(MAP);
  expect(await children.ensure(next, children.map({ a: '1' }))).toEqual({
    outcome: 'Corrected',
    changedBy: 'kubectl-patch',
  });
  const last = await children.cacheOf(MAP);
  children.writes = 0;
  expect(await children.ensure(last, children.map({ a: '1' }))).toEqual({ outcome: 'Unchanged' });
  expect(children.writes).toBe(0);
});

test('a child that was deleted is restored', async () => {
  await children.ensure(maps, children.map({ a: '1' }));
  await children.admin.delete(CONFIG_MAPS, { name: 'child', namespace: children.namespace });
  await expect.poll(() => maps.get(`${children.namespace}/child`)).toBeUndefined();
  expect(await children.ensure(maps, children.map({ a: '1' }), true)).toEqual({ outcome: 'Restored' });
});

test('a child whose label and annotation were taken away is still ours', async () => {
  await children.ensure(maps, children.map({ a: '1' }));
  const metadata = { labels: null, annotations: null };
  await children.admin.mergePatch(
    CONFIG_MAPS,
    { name: 'child', namespace: children.namespace },
    { metadata },
    { fieldManager: 'kubectl-label' },
  );
  await expect.poll(() => maps.get(`${children.namespace}/child`)).toBeUndefined();
  expect(await children.ensure(maps, children.map({ a: '1' }), true)).toEqual({ outcome: 'Corrected' });
  expect((await children.live(CONFIG_MAPS)).metadata.labels).toEqual(MARK);
});

test("a stranger's object of the name is refused and stays as it is", async () => {
  const metadata = { name: 'child', namespace: children.namespace };
  await children.admin.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  const before = await children.live(CONFIG_MAPS);
  await expect(children.ensure(maps, children.map({ a: '1' }))).rejects.toBeInstanceOf(ForeignObject);
  expect(await children.live(CONFIG_MAPS)).toEqual(before);
});

test('a child that another process made since the cache was filled is taken as it is', async () => {
  await children.ensure(maps, children.map({ a: '1' }));
  const behind = new ChildCache({ client: children.client, log: silentLogger, kind: MAP, names: NAMES });
  expect(await children.ensure(behind, children.map({ a: '1' }))).toEqual({ outcome: 'Unchanged' });
});

test('an apply never takes over, or makes, another object than the one that was seen', async () => {
  await children.ensure(maps, children.map({ a: '1' }));
  await maps.stop();
  await children.admin.delete(CONFIG_MAPS, { name: 'child', namespace: children.namespace });
  await expect(children.ensure(maps, children.map({ a: '2' }))).rejects.toMatchObject({ reason: 'Conflict' });
  const metadata = { name: 'child', namespace: children.namespace };
  await children.admin.create(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  await expect(children.ensure(maps, children.map({ a: '2' }))).rejects.toMatchObject({ reason: 'Conflict' });
});

test('a child that is held while it is deleted is waited for', async () => {
  await children.ensure(maps, children.map({ a: '1' }));
  await children.edit(maps, { metadata: { finalizers: ['test.example/held'] } });
  await children.admin.delete(CONFIG_MAPS, { name: 'child', namespace: children.namespace });
  await expect.poll(() => maps.get(`${children.namespace}/child`)?.metadata.deletionTimestamp).toBeDefined();
  expect(await children.ensure(maps, children.map({ a: '2' }))).toEqual({ outcome: 'Terminating' });
  await children.edit(maps, { metadata: { finalizers: null } }).catch(() => undefined);
});

test('entries added to lists, and fields beside ours, are removed', async () => {
  const policies = await children.cacheOf(POLICY);
  await children.ensure(policies, policy(80));
  const { spec } = await children.live(NETWORK_POLICIES);
  for (const patch of [
    { spec: { ingress: [{ ports: [{ port: 80, protocol: 'TCP' }] }, {}] } },
    { spec: { egress: [{}], policyTypes: ['Ingress', 'Egress'] } },
    { spec: { ingress: null } },
    { spec: { podSelector: { matchLabels: { none: 'such' } } } },
  ]) {
    await children.edit(policies, patch);
    expect(await children.ensure(policies, policy(80))).toMatchObject({ outcome: 'Corrected' });
    expect((await children.live(NETWORK_POLICIES))['spec']).toEqual(spec);
  }
});

test('a field that may not be changed has the child made anew', async () => {
  const bindings = await children.cacheOf(BINDING);
  await children.ensure(bindings, binding('view'));
  const { uid } = (await children.live(ROLE_BINDINGS)).metadata;
  expect(await children.ensure(bindings, binding('edit'))).toEqual({ outcome: 'Updated' });
  const after = await children.live(ROLE_BINDINGS);
  expect(after).toMatchObject({ roleRef: { name: 'edit' } });
  expect(after.metadata.uid).not.toBe(uid);
  expect(await children.ensure(bindings, binding('edit'))).toEqual({ outcome: 'Unchanged' });
});

test('a wish that the API server would refuse anyway does not cost the child that is there', async () => {
  const policies = await children.cacheOf(POLICY);
  await children.ensure(policies, policy(80));
  const before = await children.live(NETWORK_POLICIES);
  await expect(children.ensure(policies, policy(99_999))).rejects.toMatchObject({ reason: 'Invalid' });
  expect(await children.live(NETWORK_POLICIES)).toEqual(before);
});

test('a default of the API server that is not written out is written once, not for ever', async () => {
  const policies = await children.cacheOf(POLICY);
  const spec = { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports: [{ port: 80 }] }] };
  const desired = { metadata: { name: 'child', namespace: children.namespace, labels: MARK }, spec };
  expect(await children.ensure(policies, desired)).toEqual({ outcome: 'Created' });
  children.writes = 0;
  expect(await children.ensure(policies, desired)).toEqual({ outcome: 'Unchanged' });
  await children.edit(policies, { spec: { policyTypes: ['Egress'] } });
  expect(await children.ensure(policies, desired)).toEqual({
    outcome: 'Corrected',
    changedBy: 'kubectl-edit',
  });
});
