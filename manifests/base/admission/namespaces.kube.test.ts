import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { externalRuntimeSpec } from '#hack/testing/operator-bench.ts';
import { PolicedCluster, refusalOf, type User } from '#hack/testing/policed-cluster.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import {
  CONFIG_MAPS,
  LIMIT_RANGES,
  NAMESPACES,
  NETWORK_POLICIES,
  RESOURCE_QUOTAS,
  type Resource,
  ROLE_BINDINGS,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '#lib/kube/resource.ts';

const OPTIONS = { fieldManager: 'test' };
const ALLOW_DELETE = { annotations: { 'veralux.io/allow-delete': 'true' } };
const TENANTS = {
  'veralux.io/tenant': 'acme',
  'veralux.io/tenant-id': '7b0c7c2e-7c1a-4b7e-9d3f-0d5a3c1b2a19',
  'app.kubernetes.io/managed-by': 'veralux-operator',
  'pod-security.kubernetes.io/enforce': 'restricted',
};

let cluster: PolicedCluster;
beforeAll(async () => {
  cluster = await PolicedCluster.start();
  await makeNamespace('operator', 'tenant-acme', TENANTS);
  await makeNamespace('person', 'plain', {});
});
afterAll(() => cluster.stop());

function makeNamespace(user: User, name: string, labels: Record<string, string>): Promise<KubeObject> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
  return cluster.as(user).create(NAMESPACES, namespace, OPTIONS);
}

function change(user: User, name: string, metadata: object): Promise<string | undefined> {
  return refusalOf(cluster.as(user).mergePatch(NAMESPACES, { name }, { metadata }, OPTIONS));
}

function remove(user: User, name: string): Promise<string | undefined> {
  return refusalOf(cluster.as(user).delete(NAMESPACES, { name }));
}

async function untilGone(name: string): Promise<void> {
  const found = () => cluster.as('person').get(NAMESPACES, { name });
  await vi.waitFor(async () => expect(await found()).toBeUndefined(), { timeout: 15_000, interval: 100 });
}

describe('the namespace of a tenant', () => {
  test('is made by the operator alone, and people are told what to do instead', async () => {
    expect(await refusalOf(makeNamespace('person', 'tenant-mine', {}))).toContain(
      'Apply a Tenant named mine to get this one, or choose another name.',
    );
    expect(await refusalOf(makeNamespace('apiserver', 'tenant-mine', {}))).toContain('veralux-operator');
    expect(await refusalOf(makeNamespace('person', 'mine', TENANTS))).toContain('veralux.io/tenant');
    expect(await refusalOf(makeNamespace('operator', 'tenant-made', TENANTS))).toBeUndefined();
  });

  test.each<[what: string, metadata: object, words: string]>([
    ['a label that is ours', { labels: { 'veralux.io/tenant': 'other' } }, 'veralux.io/tenant'],
    ['our label taken away', { labels: { 'veralux.io/tenant-id': null } }, 'veralux.io/tenant-id'],
    ['who manages it', { labels: { 'app.kubernetes.io/managed-by': 'x' } }, 'app.kubernetes.io/managed-by'],
    [
      'a weaker pod security',
      { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
      'pod-security.kubernetes.io/enforce',
    ],
    [
      'the mark of a platform namespace',
      { labels: { 'veralux.io/platform': 'true' } },
      'veralux.io/platform',
    ],
    ['an annotation that is ours', { annotations: { 'veralux.io/children': 'x' } }, 'veralux.io/children'],
    [
      'an owner',
      { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'u-1' }] },
      'owner reference',
    ],
  ])(
    'keeps what the operator set: %s is refused to people and not to the operator',
    async (_what, metadata, words) => {
      expect(await change('person', 'tenant-acme', metadata)).toContain(words);
      expect(await change('apiserver', 'tenant-acme', metadata)).toContain(words);
      expect(await change('operator', 'tenant-acme', metadata)).toBeUndefined();
      const asBefore = {
        labels: { ...TENANTS, 'veralux.io/platform': null },
        annotations: null,
        ownerReferences: null,
      };
      expect(await change('operator', 'tenant-acme', asBefore)).toBeUndefined();
    },
  );

  test('keeps its labels also against changes through its subresources', async () => {
    const labels = { 'veralux.io/tenant': 'other' };
    const options = { ...OPTIONS, subresource: 'status' } as const;
    const patch = cluster
      .as('person')
      .mergePatch(NAMESPACES, { name: 'tenant-acme' }, { metadata: { labels } }, options);
    expect(await refusalOf(patch)).toContain('veralux.io/tenant');
  });

  test('bears labels and annotations of others', async () => {
    const others = {
      labels: { 'cost-center': '7', 'pod-security.kubernetes.io/warn': 'restricted' },
      annotations: { 'example.com/note': 'a' },
    };
    expect(await change('person', 'tenant-acme', others)).toBeUndefined();
  });

  test.concurrent('is deleted by the operator, and is gone when it is empty', async () => {
    await makeNamespace('operator', 'tenant-ending', { ...TENANTS, 'veralux.io/tenant': 'ending' });
    expect(await remove('operator', 'tenant-ending')).toBeUndefined();
    await untilGone('tenant-ending');
  });

  test.concurrent('is deleted by people only when it was annotated so before', async () => {
    await makeNamespace('operator', 'tenant-slip', { ...TENANTS, 'veralux.io/tenant': 'slip' });
    expect(await remove('person', 'tenant-slip')).toContain(
      'The namespace tenant-slip belongs to the Tenant slip. Delete the Tenant',
    );
    expect(await remove('apiserver', 'tenant-slip')).toContain('veralux.io/allow-delete=true');
    expect(await change('person', 'tenant-slip', ALLOW_DELETE)).toBeUndefined();
    expect(await remove('person', 'tenant-slip')).toBeUndefined();
    await untilGone('tenant-slip');
  });

  test.concurrent('that is going away already may be deleted once more', async () => {
    await makeNamespace('operator', 'tenant-twice', { ...TENANTS, 'veralux.io/tenant': 'twice' });
    const holder = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'holder', namespace: 'tenant-twice', finalizers: ['example.com/wait'] },
    };
    await cluster.as('person').create(CONFIG_MAPS, holder);
    expect(await remove('operator', 'tenant-twice')).toBeUndefined();
    expect(await remove('person', 'tenant-twice')).toBeUndefined();
    const ref = { namespace: 'tenant-twice', name: 'holder' };
    await cluster.as('person').mergePatch(CONFIG_MAPS, ref, { metadata: { finalizers: null } }, OPTIONS);
    await untilGone('tenant-twice');
  });
});

describe('any other namespace', () => {
  test('does not become a tenant’s by a label', async () => {
    expect(await change('person', 'plain', { labels: { 'veralux.io/tenant': 'acme' } })).toContain(
      'Only veralux-operator sets and removes these labels on the namespace plain: veralux.io/tenant.',
    );
  });

  test.concurrent('is made, labelled and deleted by people as ever', async () => {
    const labels = { 'app.kubernetes.io/managed-by': 'me', 'pod-security.kubernetes.io/enforce': 'baseline' };
    expect(await refusalOf(makeNamespace('person', 'ordinary', labels))).toBeUndefined();
    const metadata = { labels: { 'veralux.io/platform': 'true' }, annotations: { 'veralux.io/x': 'y' } };
    expect(await change('person', 'ordinary', metadata)).toBeUndefined();
    expect(await change('person', 'ordinary', { labels: { 'veralux.io/platform': null } })).toBeUndefined();
    expect(await remove('person', 'ordinary')).toBeUndefined();
    await untilGone('ordinary');
  });
});

describe('a platform namespace', () => {
  test.each(['person', 'apiserver'] as const)('is not deleted by accident (%s)', async (user) => {
    expect(await remove(user, 'veralux-system')).toContain(
      'The platform runs in the namespace veralux-system: deleting it ends every call there and loses the installation id',
    );
  });

  test.concurrent('of people’s own is deleted when it was annotated so before', async () => {
    await makeNamespace('person', 'edge', { 'veralux.io/platform': 'true' });
    expect(await remove('person', 'edge')).toContain('annotate it veralux.io/allow-delete=true first');
    expect(await change('person', 'edge', ALLOW_DELETE)).toBeUndefined();
    expect(await remove('person', 'edge')).toBeUndefined();
    await untilGone('edge');
  });
});

describe('which namespace holds which kind', () => {
  const number = (namespace: string) => ({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'PhoneNumber',
    metadata: { name: 'main', namespace },
    spec: { number: '+13125550142' },
  });
  const runtime = (namespace: string) => ({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'VoiceRuntime',
    metadata: { name: 'main', namespace },
    spec: externalRuntimeSpec('main'),
  });
  const makeNumber = (namespace: string) =>
    refusalOf(cluster.as('person').create(PHONE_NUMBER, number(namespace)));
  const makeRuntime = (namespace: string) =>
    refusalOf(cluster.as('person').create(VOICE_RUNTIME, runtime(namespace)));

  test('PhoneNumbers stand in tenants’ namespaces only', async () => {
    expect(await makeNumber('plain')).toContain('and plain is not one');
    expect(await makeNumber('veralux-system')).toContain('and veralux-system is not one');
    expect(await makeNumber('tenant-acme')).toBeUndefined();
  });

  test('VoiceRuntimes stand in platform namespaces only', async () => {
    expect(await makeRuntime('plain')).toContain('and plain is not labelled so');
    expect(await makeRuntime('tenant-acme')).toContain('and tenant-acme is the namespace of a Tenant');
    expect(await makeRuntime('veralux-system')).toBeUndefined();
  });
});

describe('the operator, which RBAC lets write tenants’ children everywhere,', () => {
  const make = (resource: Resource, namespace: string, fields: object = {}) => {
    const apiVersion = resource.group === '' ? 'v1' : `${resource.group}/${resource.version}`;
    const metadata = { name: 'bounded', namespace };
    return refusalOf(
      cluster.as('operator').create(resource, { apiVersion, kind: resource.kind, metadata, ...fields }),
    );
  };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };

  test.each([
    [SECRETS, {}],
    [SERVICE_ACCOUNTS, {}],
    [RESOURCE_QUOTAS, {}],
    [LIMIT_RANGES, { spec: { limits: [] } }],
    [NETWORK_POLICIES, { spec: { podSelector: {} } }],
  ])(
    'writes $kind in the namespaces of tenants and of the platform, and nowhere else',
    async (resource, fields) => {
      const elsewhere = 'writes in the namespaces of tenants and of the platform only, and plain is neither';
      expect(await make(resource, 'plain', fields)).toContain(elsewhere);
      expect(await make(resource, 'kube-system', fields)).toContain('kube-system is neither');
      expect(await make(resource, 'tenant-acme', fields)).toBeUndefined();
      expect(await make(resource, 'veralux-system', fields)).toBeUndefined();
    },
  );

  test('gives rights in tenants’ namespaces only', async () => {
    expect(await make(ROLE_BINDINGS, 'veralux-system', { roleRef })).toContain('tenants only');
    expect(await make(ROLE_BINDINGS, 'tenant-acme', { roleRef })).toBeUndefined();
  });

  test('has to do with no namespace but tenants’', async () => {
    expect(await refusalOf(makeNamespace('operator', 'other', {}))).toContain('and other is none');
    expect(await change('operator', 'plain', { labels: TENANTS })).toContain('and plain is none');
    expect(await remove('operator', 'plain')).toContain('and plain is none');
  });
});

describe('the label of a platform namespace', () => {
  /** As somebody who may do everything with namespaces, and with nothing else. */
  const label = async (...change: string[]): Promise<string> => {
    try {
      await cluster.kubectl('label', 'namespace', 'ordinary', ...change, '--as=lea');
      return 'done';
    } catch (error) {
      return String(error);
    }
  };
  const bindLea = (role: string) =>
    cluster.kubectl('create', 'clusterrolebinding', `lea-${role}`, `--clusterrole=${role}`, '--user=lea');

  test('is set and removed by those alone who are granted it by name', async () => {
    await makeNamespace('person', 'ordinary', {});
    const verbs = '--verb=get,list,create,update,patch,delete';
    await cluster.kubectl('create', 'clusterrole', 'namespaces', verbs, '--resource=namespaces');
    await bindLea('namespaces');
    await vi.waitFor(async () => expect(await label('theirs=1', '--overwrite')).toBe('done'), {
      timeout: 15_000,
    });
    expect(await label('veralux.io/platform=true')).toContain('veralux-platform-staff');
    await bindLea('veralux-platform-staff');
    await vi.waitFor(async () => expect(await label('veralux.io/platform=true')).toBe('done'), {
      timeout: 15_000,
    });
    await cluster.kubectl('delete', 'clusterrolebinding', 'lea-veralux-platform-staff');
    await vi.waitFor(
      async () => expect(await label('veralux.io/platform-')).toContain('veralux-platform-staff'),
      { timeout: 15_000 },
    );
    expect(await label('theirs=2', '--overwrite')).toBe('done');
  }, 60_000);
});
