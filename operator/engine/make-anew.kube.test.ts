import { expect, test } from 'vitest';
import { testCluster } from '#hack/testing/cluster.ts';
import type { Applied } from '#lib/kube/kube-client.ts';
import { PERSISTENT_VOLUME_CLAIMS } from '#lib/kube/resource.ts';
import type { ChildKind } from './child-kind.ts';
import { ChildrenInTest, MARK } from './fakes/children-in-test.ts';
import { UnchangeableChild } from './make-anew.ts';

const CLAIM: ChildKind = { resource: PERSISTENT_VOLUME_CLAIMS, owned: () => ({}), replaceable: false };
const children = new ChildrenInTest('anew-test', async () => testCluster());

function claim(accessMode: string): Applied {
  return {
    metadata: { name: 'child', namespace: children.namespace, labels: MARK },
    spec: {
      accessModes: [accessMode],
      storageClassName: 'none',
      resources: { requests: { storage: '1Gi' } },
    },
  };
}

test('a volume is never made anew, whatever is wanted of it', async () => {
  const claims = await children.cacheOf(CLAIM);
  await children.ensure(claims, claim('ReadWriteOnce'));
  const { uid } = (await children.live(PERSISTENT_VOLUME_CLAIMS)).metadata;
  const ref = { name: 'child', namespace: children.namespace };
  const patch = { metadata: { labels: null } };
  await children.admin.mergePatch(PERSISTENT_VOLUME_CLAIMS, ref, patch, { fieldManager: 'kubectl-label' });
  await expect.poll(() => claims.get(`${children.namespace}/child`)).toBeUndefined();

  const refused = children.ensure(claims, claim('ReadWriteMany'));
  await expect(refused).rejects.toBeInstanceOf(UnchangeableChild);
  await expect(refused).rejects.toThrow(/PersistentVolumeClaim .*child cannot be changed.*delete it/s);
  expect((await children.live(PERSISTENT_VOLUME_CLAIMS)).metadata).toMatchObject({ uid });
  expect((await children.live(PERSISTENT_VOLUME_CLAIMS)).metadata.deletionTimestamp).toBeUndefined();

  expect(await children.ensure(claims, claim('ReadWriteOnce'))).toEqual({ outcome: 'Corrected' });
  expect((await children.live(PERSISTENT_VOLUME_CLAIMS)).metadata).toMatchObject({ uid, labels: MARK });
});
