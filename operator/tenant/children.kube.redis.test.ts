import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { FaultyProxy } from '#hack/testing/faulty-proxy.ts';
import { OperatorBench, RUNTIME, type RunningOperator, WAIT } from '#hack/testing/operator-bench.ts';
import { TenantBench } from '#hack/testing/tenant-bench.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import {
  LIMIT_RANGES,
  NAMESPACES,
  NETWORK_POLICIES,
  RESOURCE_QUOTAS,
  type Resource,
  ROLE_BINDINGS,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '#lib/kube/resource.ts';

/** What a tenant's namespace holds, with the operator's shipped rights behind a proxy that counts. */
let bench: OperatorBench;
let admin: KubeClient;
let proxy: FaultyProxy;
let operator: RunningOperator;
let tenants: TenantBench;

const CHILDREN: readonly (readonly [Resource, string])[] = [
  [SERVICE_ACCOUNTS, 'tenant'],
  [RESOURCE_QUOTAS, 'tenant'],
  [LIMIT_RANGES, 'tenant'],
  [NETWORK_POLICIES, 'default-deny'],
  [NETWORK_POLICIES, 'allow-dns'],
  [SECRETS, 'tenant-keys'],
];
const ACCESS = [
  { kind: 'User', name: 'ann@example.com' },
  { kind: 'ServiceAccount', name: 'default/watcher' },
];

beforeAll(async () => {
  bench = await OperatorBench.open();
  admin = bench.admin;
  tenants = new TenantBench(bench);
  // What it forbids can still happen: from before it, or while it is being changed.
  await bench.cluster.kubectl('delete', 'validatingadmissionpolicybinding', 'veralux-tenant-namespaces');
  proxy = await FaultyProxy.start(bench.account);
  operator = await bench.startOperator({ config: proxy.kubeConfig(bench.account) });
  await bench.until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready');
});

afterAll(async () => {
  await operator.stop();
  await proxy.close();
  await bench.close();
});

/** Writes of the operator that name this tenant or its namespace; Events aside. */
function writesOf(name: string): string[] {
  return proxy.writes
    .filter(({ path }) => new RegExp(`[/-]${name}([/?]|$)`).test(path) && !path.includes('/events'))
    .map(({ method, path }) => `${method} ${path.split('?', 1)[0]}`);
}

describe('a new tenant', () => {
  test('gets everything with one write each, one for its finalizers, one for its status, and none again', async () => {
    const name = 'ch-new';
    const namespace = await tenants.make(name);
    for (const [resource, child] of CHILDREN) {
      expect(await admin.get(resource, { namespace, name: child }), child).toBeDefined();
    }
    expect(await admin.get(ROLE_BINDINGS, { namespace, name: 'tenant-viewers' })).toBeUndefined();
    await bench.until(TENANT, { name }, 'Ready', 'Ready');
    const writes = writesOf(name);
    const creations = writes.filter((write) => write.startsWith('POST'));
    expect(creations).toHaveLength(CHILDREN.length);
    expect(writes.filter((write) => write.endsWith('/status'))).toHaveLength(1);
    expect(writes).toHaveLength(CHILDREN.length + 2);
    expect(
      writes.filter((write) => write === `PATCH /apis/veralux.io/v1alpha1/tenants/${name}`),
    ).toHaveLength(1);
    // Another look, for a reason that changes nothing.
    await admin.mergePatch(
      TENANT,
      { name },
      { metadata: { annotations: { 'veralux.io/adopt-data': 'true' } } },
      { fieldManager: 'test' },
    );
    await tenants.make('ch-next');
    expect(writesOf(name)).toEqual(writes);
  });

  test('shows people of spec.access its numbers, and nothing else', async () => {
    const name = 'ch-access';
    const namespace = await tenants.make(name, { access: ACCESS });
    const may = (verb: string, what: string) =>
      bench.cluster
        .kubectl('auth', 'can-i', verb, what, '--as=ann@example.com', `--namespace=${namespace}`)
        .then((answer) => answer.trim())
        .catch(() => 'no');
    expect([await may('list', 'phonenumbers.veralux.io'), await may('get', 'secrets')]).toEqual([
      'yes',
      'no',
    ]);
    const binding = await admin.get<KubeObject & { subjects: unknown }>(ROLE_BINDINGS, {
      namespace,
      name: 'tenant-viewers',
    });
    expect(binding?.subjects).toContainEqual({
      kind: 'ServiceAccount',
      name: 'watcher',
      namespace: 'default',
    });
    await bench.applyTenant(name, { access: [] });
    await vi.waitFor(async () => {
      expect(await admin.get(ROLE_BINDINGS, { namespace, name: 'tenant-viewers' })).toBeUndefined();
    }, WAIT);
  });
});

describe('what people change', () => {
  const changes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
    ServiceAccount: { automountServiceAccountToken: true },
    ResourceQuota: { spec: { hard: { pods: '1000', 'count/secrets': '5' } } },
    LimitRange: { spec: { limits: [] } },
    NetworkPolicy: { spec: { egress: [{}] } },
    Secret: { data: { webhookSecret: 'c3RvbGVu', extra: 'eA==' } },
  };

  test('on a child is put back, with an Event that says who it was', async () => {
    const name = 'ch-changed';
    const namespace = await tenants.make(name);
    for (const [resource, child] of CHILDREN) {
      const ref = { namespace, name: child };
      const before = await admin.get(resource, ref);
      await admin.mergePatch(resource, ref, changes[resource.kind] ?? {}, { fieldManager: 'kubectl-edit' });
      await vi.waitFor(async () => expect(await ownedOf(resource, ref)).toEqual(owned(before)), WAIT);
      await vi.waitFor(async () => {
        expect(await tenants.eventsOn(name)).toContain(
          `ChildCorrected ${resource.kind} ${child} was changed by kubectl-edit and is as it was again.`,
        );
      }, WAIT);
    }
  });

  test('by deleting a child or taking our label away is put back', async () => {
    const name = 'ch-deleted';
    const namespace = await tenants.make(name);
    for (const [resource, child] of CHILDREN) {
      const before = await admin.get(resource, { namespace, name: child });
      await admin.delete(resource, { namespace, name: child });
      await vi.waitFor(
        async () => expect(await ownedOf(resource, { namespace, name: child })).toEqual(owned(before)),
        WAIT,
      );
    }
    const ref = { namespace, name: 'tenant-keys' };
    const labels = { 'app.kubernetes.io/managed-by': null };
    await admin.mergePatch(SECRETS, ref, { metadata: { labels } }, { fieldManager: 'kubectl-label' });
    await vi.waitFor(async () => {
      const secret = await admin.get(SECRETS, ref);
      expect(secret?.metadata.labels).toHaveProperty(['app.kubernetes.io/managed-by'], 'veralux-operator');
    }, WAIT);
    await vi.waitFor(async () => {
      expect(await tenants.eventsOn(name)).toContain(
        'ChildRestored NetworkPolicy default-deny was deleted and is there again.',
      );
    }, WAIT);
  });

  test('on the namespace’s labels is put back: it stays the tenant’s by its uid', async () => {
    const name = 'ch-labels';
    const namespace = await tenants.make(name);
    const before = await admin.get(NAMESPACES, { name: namespace });
    const labels = Object.fromEntries(Object.keys(before?.metadata.labels ?? {}).map((key) => [key, null]));
    delete labels['kubernetes.io/metadata.name'];
    await admin.mergePatch(
      NAMESPACES,
      { name: namespace },
      { metadata: { labels: { ...labels, theirs: 'stays' } } },
      { fieldManager: 'kubectl-label' },
    );
    await vi.waitFor(async () => {
      const now = await admin.get(NAMESPACES, { name: namespace });
      expect(now?.metadata.labels).toEqual({ ...before?.metadata.labels, theirs: 'stays' });
    }, WAIT);
    await vi.waitFor(async () => {
      expect((await tenants.eventsOn(name)).join()).toContain(
        `ChildCorrected Namespace ${namespace} was changed by kubectl-label and has its labels again`,
      );
    }, WAIT);
  });

  test('while the operator is down is put back when it starts, and nothing else is written', async () => {
    const name = 'ch-down';
    const namespace = await tenants.make(name);
    const other = await tenants.make('ch-untouched');
    const versions = () =>
      Promise.all(
        CHILDREN.map(
          async ([r, n]) => (await admin.get(r, { namespace: other, name: n }))?.metadata.resourceVersion,
        ),
      );
    await operator.stop();
    const untouched = await versions();
    const ref = { namespace, name: 'tenant-keys' };
    const keys = await tenants.dataOf(namespace, 'tenant-keys');
    await admin.mergePatch(SECRETS, ref, changes['Secret'] ?? {}, { fieldManager: 'kubectl-edit' });
    await admin.delete(NETWORK_POLICIES, { namespace, name: 'default-deny' });
    operator = await bench.startOperator({ config: proxy.kubeConfig(bench.account) });
    await vi.waitFor(async () => expect(await tenants.dataOf(namespace, 'tenant-keys')).toEqual(keys), WAIT);
    await vi.waitFor(async () => {
      const events = await tenants.eventsOn(name);
      expect(events).toContain(
        'ChildCorrected Secret tenant-keys was changed by kubectl-edit and is as it was again.',
      );
      expect(events).toContain('ChildRestored NetworkPolicy default-deny was deleted and is there again.');
    }, WAIT);
    expect(await versions()).toEqual(untouched);
  });

  test('by deleting the whole namespace on purpose has it made anew', async () => {
    const name = 'ch-broken-glass';
    const namespace = await tenants.make(name);
    const before = await admin.get(NAMESPACES, { name: namespace });
    await admin.delete(NAMESPACES, { name: namespace });
    await vi.waitFor(async () => {
      const now = await admin.get(NAMESPACES, { name: namespace });
      expect(now?.metadata.uid).not.toBe(before?.metadata.uid);
      expect(await admin.get(SECRETS, { namespace, name: 'tenant-keys' })).toBeDefined();
    }, WAIT);
    await bench.until(TENANT, { name }, 'Ready', 'Ready');
    expect((await tenants.eventsOn(name)).join()).toContain(
      `ChildRestored Namespace ${namespace} was deleted and is made anew`,
    );
  });
});

/** What the operator answers for, without what the API server and controllers fill in. */
function owned(object: KubeObject | undefined): object {
  const {
    metadata,
    status: _status,
    ...rest
  } = (object ?? { metadata: {} }) as KubeObject & { status?: unknown };
  return { ...rest, labels: metadata.labels };
}

async function ownedOf(resource: Resource, ref: { namespace: string; name: string }): Promise<object> {
  return owned(await admin.get(resource, ref));
}
