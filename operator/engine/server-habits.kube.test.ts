import { expect, test } from 'vitest';
import { testCluster } from '#hack/testing/cluster.ts';
import type { Applied } from '#lib/kube/kube-client.ts';
import { ChildrenInTest, MARK, POLICY } from './fakes/children-in-test.ts';

/**
 * A default that is not written out stands for one that a new release of the API server brings: the
 * child differs from what its annotation says was applied, and nobody has touched it.
 */
const children = new ChildrenInTest('habits-test', async () => testCluster());

function policy(port: number, name = 'child'): Applied {
  const spec = { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ ports: [{ port }] }] };
  return { metadata: { name, namespace: children.namespace, labels: MARK }, spec };
}

test('a new default is no correction, and a restart finds out by one child for all of the kind', async () => {
  const before = await children.cacheOf(POLICY);
  for (const name of ['child', 'second', 'third']) await children.ensure(before, policy(80, name));
  const cache = await children.cacheOf(POLICY);
  expect(await children.ensure(cache, policy(80))).toEqual({ outcome: 'Unchanged' });
  expect(children.writes).toBeGreaterThan(3);
  children.writes = 0;
  for (const name of ['child', 'second', 'third', 'child']) {
    expect(await children.ensure(cache, policy(80, name))).toEqual({ outcome: 'Unchanged' });
  }
  expect(children.writes).toBe(0);
});

test('a new wish for a child with a new default is an update', async () => {
  await children.ensure(await children.cacheOf(POLICY), policy(80));
  const cache = await children.cacheOf(POLICY);
  expect(await children.ensure(cache, policy(81))).toEqual({ outcome: 'Updated' });
  expect(await children.live(POLICY.resource)).toMatchObject({
    spec: { ingress: [{ ports: [{ port: 81, protocol: 'TCP' }] }] },
  });
  expect(await children.ensure(cache, policy(81))).toEqual({ outcome: 'Unchanged' });
});

test('what somebody did to a child with a new default is put back, and told', async () => {
  await children.ensure(await children.cacheOf(POLICY), policy(80));
  const cache = await children.cacheOf(POLICY);
  await children.edit(cache, { spec: { policyTypes: ['Egress'] } });
  expect(await children.ensure(cache, policy(80))).toEqual({
    outcome: 'Corrected',
    changedBy: 'kubectl-edit',
  });
  await children.edit(cache, { spec: { egress: [{}] } });
  expect(await children.ensure(cache, policy(80))).toEqual({
    outcome: 'Corrected',
    changedBy: 'kubectl-edit',
  });
  expect(await children.live(POLICY.resource)).toMatchObject({ spec: { policyTypes: ['Ingress'] } });
});
