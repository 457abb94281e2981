import { afterAll, expect, test, vi } from 'vitest';
import { type OwnTestCluster, startTestCluster } from '#hack/testing/cluster.ts';
import { CONFIG_MAPS, type Resource } from '#lib/kube/resource.ts';
import { ChildrenInTest, MAP } from './fakes/children-in-test.ts';

/** Children that an admission policy of somebody's changes with every write. */
const ADMISSION = { group: 'admissionregistration.k8s.io', version: 'v1beta1', namespaced: false };
const POLICIES: Resource = {
  ...ADMISSION,
  plural: 'mutatingadmissionpolicies',
  kind: 'MutatingAdmissionPolicy',
};
const BINDINGS: Resource = {
  ...ADMISSION,
  plural: 'mutatingadmissionpolicybindings',
  kind: 'MutatingAdmissionPolicyBinding',
};
const LABEL = 'child-test.example/team';
/** The API server looks for new policies every few seconds. */
const WAIT = { timeout: 15_000, interval: 50 };

let cluster: OwnTestCluster;
const children = new ChildrenInTest('mutated-test', async () => {
  cluster = await startTestCluster({
    apiserverArgs: [
      '--feature-gates=MutatingAdmissionPolicy=true',
      `--runtime-config=${ADMISSION.group}/${ADMISSION.version}=true`,
    ],
  });
  return cluster;
});

afterAll(() => cluster.stop());

/** From now on every ConfigMap that is written gets a label and an entry. */
async function mutate(): Promise<void> {
  const expression = `Object{
    metadata: Object.metadata{ labels: {'${LABEL}': 'blue'} },
    data: {'added': 'by policy'} }`;
  const fieldManager = 'test';
  await children.admin.apply(
    POLICIES,
    {
      metadata: { name: 'paint' },
      spec: {
        failurePolicy: 'Fail',
        reinvocationPolicy: 'Never',
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [''],
              apiVersions: ['v1'],
              operations: ['CREATE', 'UPDATE'],
              resources: ['configmaps'],
            },
          ],
        },
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
      },
    },
    { fieldManager },
  );
  await children.admin.apply(
    BINDINGS,
    { metadata: { name: 'paint' }, spec: { policyName: 'paint' } },
    { fieldManager },
  );
  await vi.waitFor(async () => {
    const trial = { metadata: { name: 'trial', namespace: children.namespace }, data: {} };
    const made = await children.admin.apply(CONFIG_MAPS, trial, { fieldManager, dryRun: true });
    expect(made).toMatchObject({ data: { added: 'by policy' } });
  }, WAIT);
}

test('what a policy adds stays, whatever else is in a child, and counts as done by nobody', async () => {
  const before = await children.cacheOf(MAP);
  await children.ensure(before, children.map({ of: 'child' }));
  await children.ensure(before, children.map({ of: 'second' }, {}, 'second'));
  await mutate();
  // Nothing was written since: the children are as they were made.
  expect(await children.ensure(before, children.map({ of: 'child' }))).toEqual({ outcome: 'Unchanged' });

  expect(await children.ensure(before, children.map({ of: 'child 2' }))).toEqual({ outcome: 'Updated' });
  expect(await children.ensure(before, children.map({ of: 'second 2' }, {}, 'second'))).toEqual({
    outcome: 'Updated',
  });
  expect(await children.live(CONFIG_MAPS)).toMatchObject({
    metadata: { labels: { [LABEL]: 'blue' } },
    data: { of: 'child 2', added: 'by policy' },
  });

  const restarted = await children.cacheOf(MAP);
  expect(await children.ensure(restarted, children.map({ of: 'child 2' }))).toEqual({ outcome: 'Unchanged' });
  children.writes = 0;
  for (const [text, name] of [
    ['second 2', 'second'],
    ['child 2', 'child'],
  ] as const) {
    const desired = children.map({ of: text }, {}, name);
    expect(await children.ensure(restarted, desired)).toEqual({ outcome: 'Unchanged' });
  }
  expect(children.writes).toBe(0);
  await children.edit(restarted, { data: { of: 'me' } });
  expect(await children.ensure(restarted, children.map({ of: 'child 2' }))).toEqual({
    outcome: 'Corrected',
    changedBy: 'kubectl-edit',
  });
});
