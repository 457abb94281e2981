import { expect, test } from 'vitest';
import { testCluster } from '#hack/testing/cluster.ts';
import type { Applied } from '#lib/kube/kube-client.ts';
import type { KubeObject, OwnerReference } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS } from '#lib/kube/resource.ts';
import { ChildrenInTest, MAP, NAMES } from './fakes/children-in-test.ts';

const children = new ChildrenInTest('owners-test', async () => testCluster());

function owner(name: string): OwnerReference {
  return { apiVersion: 'child-test.example/v1', kind: 'Parent', name, uid: `uid-of-${name}` };
}

function owned(by: OwnerReference): Applied {
  const { metadata, ...fields } = children.map({ a: '1' });
  return { ...fields, metadata: { ...metadata, ownerReferences: [{ ...by, controller: true }] } };
}

async function owners(): Promise<unknown> {
  return (await children.live(CONFIG_MAPS)).metadata.ownerReferences;
}

test('an owner reference that was taken away is put back', async () => {
  const maps = await children.cacheOf(MAP);
  await children.ensure(maps, owned(owner('ann')));
  expect(await children.ensure(maps, owned(owner('ann')))).toEqual({ outcome: 'Unchanged' });
  await children.edit(maps, { metadata: { ownerReferences: null } });
  expect(await children.ensure(maps, owned(owner('ann')))).toMatchObject({ outcome: 'Corrected' });
  expect(await owners()).toEqual([{ ...owner('ann'), controller: true }]);
  expect(await children.ensure(maps, owned(owner('ann')))).toEqual({ outcome: 'Unchanged' });
});

test("a wrong owner of ours is replaced, and others' owners stay", async () => {
  const maps = await children.cacheOf(MAP);
  const { metadata } = await children.admin.create<KubeObject>(CONFIG_MAPS, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'theirs', namespace: children.namespace },
  });
  const theirs = { apiVersion: 'v1', kind: 'ConfigMap', name: 'theirs', uid: metadata.uid };
  await children.ensure(maps, owned(owner('ann')));
  await children.edit(maps, {
    metadata: { ownerReferences: [{ ...owner('ann'), controller: true }, theirs] },
  });
  expect(await children.ensure(maps, owned(owner('ann')))).toEqual({ outcome: 'Unchanged' });
  await children.edit(maps, { metadata: { ownerReferences: [owner('eve'), theirs] } });
  expect(await children.ensure(maps, owned(owner('ann')))).toMatchObject({ outcome: 'Corrected' });
  expect(await owners()).toEqual(expect.arrayContaining([{ ...owner('ann'), controller: true }, theirs]));
  expect(await owners()).toHaveLength(2);
});

test('a child that needs no owner has the digest that it had', async () => {
  const maps = await children.cacheOf(MAP);
  await children.ensure(maps, children.map({ a: '1' }));
  const { annotations } = (await children.live(CONFIG_MAPS)).metadata;
  expect(annotations).toEqual({ [NAMES.appliedDigest]: '6j0fTBuJttsSNn92rkOd-g' });
});
