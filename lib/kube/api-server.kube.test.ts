/** Habits of a real API server and its controllers that our programs are built around; see README.md. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { testCluster } from '#hack/testing/cluster.ts';
import { KubeClient } from './kube-client.ts';
import type { KubeObject } from './kube-object.ts';
import { loadKubeConfig } from './load-kube-config.ts';
import { CONFIG_MAPS, NAMESPACES, POD_DISRUPTION_BUDGETS, PODS, type Resource } from './resource.ts';

const NAMESPACE = 'api-server';
const OWNER = 'api-server-owner';
const OWNED = 'api-server-owned';
const CLUSTER_ROLES: Resource = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural: 'clusterroles',
  kind: 'ClusterRole',
  namespaced: false,
};
const REPLICA_SETS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'replicasets',
  kind: 'ReplicaSet',
  namespaced: true,
};
/** For controllers on a machine that has much else to do. */
const WAIT = { timeout: 18_000, interval: 100 };
let admin: KubeClient;

beforeAll(async () => {
  admin = new KubeClient({ config: loadKubeConfig(testCluster().kubeconfigPath), userAgent: 'test' });
  await testCluster().kubectl('create', 'namespace', NAMESPACE);
});
afterAll(() => admin.close());

function configMap(name: string, data: object) {
  const metadata = { name, namespace: NAMESPACE };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
}

describe('a server-side apply', () => {
  test('takes over an object that somebody else made without a word', async () => {
    await admin.create(CONFIG_MAPS, configMap('theirs', { theirs: '1' }), { fieldManager: 'somebody' });
    const ours = await admin.apply(CONFIG_MAPS, configMap('theirs', { ours: '1' }), { fieldManager: 'us' });
    expect(ours).toMatchObject({ data: { theirs: '1', ours: '1' } });
  });

  test('that leaves out a field its manager had set takes that away', async () => {
    await admin.apply(CONFIG_MAPS, configMap('shrunk', { a: '1', b: '2' }), { fieldManager: 'us' });
    const shrunk = await admin.apply(CONFIG_MAPS, configMap('shrunk', { a: '1' }), { fieldManager: 'us' });
    expect(shrunk).toMatchObject({ data: { a: '1' } });
    expect(shrunk).not.toHaveProperty('data.b');
  });

  test('after a POST by the same manager conflicts with itself, unless it forces', async () => {
    await admin.create(CONFIG_MAPS, configMap('posted', { a: '1' }), { fieldManager: 'us' });
    const change = configMap('posted', { a: '2' });
    const conflict = { reason: 'Conflict' };
    await expect(admin.apply(CONFIG_MAPS, change, { fieldManager: 'us' })).rejects.toMatchObject(conflict);
    expect(await admin.apply(CONFIG_MAPS, change, { fieldManager: 'us', force: true })).toMatchObject({
      data: { a: '2' },
    });
  });
});

test('deleting an owner in the foreground ends a namespace that it owns, while its own finalizer is held', async () => {
  const { apiVersion, kind, metadata } = await admin.create<KubeObject>(CLUSTER_ROLES, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: OWNER, finalizers: ['example.org/held'] },
  });
  const owner = { apiVersion, kind, name: OWNER, uid: metadata.uid ?? '', blockOwnerDeletion: true };
  const owned = { name: OWNED, ownerReferences: [owner] };
  await admin.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: owned });
  await admin.delete(CLUSTER_ROLES, { name: OWNER }, { propagation: 'Foreground' });
  await vi.waitFor(async () => expect(await admin.get(NAMESPACES, { name: OWNED })).toBeUndefined(), WAIT);
  const held = await admin.get<KubeObject>(CLUSTER_ROLES, { name: OWNER });
  expect(held?.metadata.finalizers).toContain('example.org/held');
  await admin.mergePatch(
    CLUSTER_ROLES,
    { name: OWNER },
    { metadata: { finalizers: [] } },
    { fieldManager: 'us' },
  );
});

test('a rule over a list without maxItems is refused', async () => {
  const widget = (list: object) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.org' },
    spec: {
      group: 'example.org',
      scope: 'Cluster',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schemaWith(list) } }],
    },
  });
  const dryRun = ['apply', '--dry-run=server', '--filename=-'];
  const tryOut = (list: object) => testCluster().kubectlWithInput(JSON.stringify(widget(list)), ...dryRun);
  await expect(tryOut({})).rejects.toThrow('exceeds budget');
  expect(await tryOut({ maxItems: 10 })).toContain('widgets.example.org created');
});

function schemaWith(list: object): object {
  const rule = 'self.parts.all(a, self.parts.exists_one(b, a == b))';
  const parts = { type: 'array', items: { type: 'string', maxLength: 40 }, ...list };
  const message = 'parts differ';
  return { type: 'object', properties: { parts }, 'x-kubernetes-validations': [{ rule, message }] };
}

describe('pods', () => {
  test('under two budgets are not evicted: the API server answers 500', async () => {
    const name = 'two-budgets';
    const labels = { app: name };
    await admin.create(PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...at(name), labels },
      spec: POD_SPEC,
    } as KubeObject);
    await report(name, true);
    for (const budget of ['first', 'second']) {
      const spec = { maxUnavailable: 1, selector: { matchLabels: labels } };
      await admin.create(POD_DISRUPTION_BUDGETS, {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: at(budget),
        spec,
      } as KubeObject);
    }
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: at(name) };
    const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`;
    await vi.waitFor(
      async () => expect(admin.post(path, eviction)).rejects.toMatchObject({ status: 500 }),
      WAIT,
    );
  });

  test('that are not ready go before dearer ones that are, when a ReplicaSet shrinks', async () => {
    const labels = { app: 'shrinks' };
    const template = { metadata: { labels }, spec: POD_SPEC };
    const spec = { replicas: 2, selector: { matchLabels: labels }, template };
    await admin.create(REPLICA_SETS, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: at('shrinks'),
      spec,
    } as KubeObject);
    const pods = await vi.waitFor(async () => {
      const { items } = await admin.list<KubeObject>(PODS, {
        namespace: NAMESPACE,
        labelSelector: 'app=shrinks',
      });
      expect(items).toHaveLength(2);
      return items.map(({ metadata }) => metadata.name);
    }, WAIT);
    const [cheap = '', dear = ''] = pods;
    await cost(cheap, '-100');
    await cost(dear, '100');
    await report(cheap, true);
    await report(dear, false);
    await vi.waitFor(
      async () =>
        expect(await admin.get(REPLICA_SETS, at('shrinks'))).toMatchObject({ status: { readyReplicas: 1 } }),
      WAIT,
    );
    await testCluster().kubectl('scale', 'replicaset/shrinks', '--replicas=1', `--namespace=${NAMESPACE}`);
    await vi.waitFor(async () => {
      const { items } = await admin.list<KubeObject>(PODS, {
        namespace: NAMESPACE,
        labelSelector: 'app=shrinks',
      });
      const left = items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      expect(left.map(({ metadata }) => metadata.name)).toEqual([cheap]);
    }, WAIT);
  });
});

const POD_SPEC = {
  automountServiceAccountToken: false,
  containers: [{ name: 'main', image: 'example.org/none' }],
};

function at(name: string): KubeObject['metadata'] {
  return { name, namespace: NAMESPACE };
}

/** What a kubelet would say. */
async function report(pod: string, ready: boolean): Promise<void> {
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  await admin.patchStatus(PODS, at(pod), { phase: 'Running', conditions }, { fieldManager: 'kubelet' });
}

async function cost(pod: string, value: string): Promise<void> {
  const annotations = { 'controller.kubernetes.io/pod-deletion-cost': value };
  await admin.mergePatch(PODS, at(pod), { metadata: { annotations } }, { fieldManager: 'us' });
}
