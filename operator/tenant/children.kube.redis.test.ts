import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { retainedName } from '#crds/tenant/kept-data.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { FaultyProxy } from '#hack/testing/faulty-proxy.ts';
import {
  conditionOf,
  OperatorBench,
  RUNTIME,
  type RunningOperator,
  type Shown,
  SYSTEM,
  WAIT,
} from '#hack/testing/operator-bench.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import {
  CONFIG_MAPS,
  EVENTS,
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

interface Secret extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

beforeAll(async () => {
  bench = await OperatorBench.open();
  admin = bench.admin;
  // What these forbid can still happen: while they are being changed, or from before them.
  for (const policy of ['veralux-tenant-namespaces', 'veralux-copied-secrets', 'veralux-records']) {
    await bench.cluster.kubectl('delete', 'validatingadmissionpolicybinding', policy, '--ignore-not-found');
  }
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

async function eventsOn(name: string): Promise<string[]> {
  const { items } = await admin.list<
    KubeObject & { reason: string; message: string; involvedObject: { name: string } }
  >(EVENTS, {});
  return items
    .filter(({ involvedObject }) => involvedObject.name === name)
    .map(({ reason, message }) => `${reason} ${message}`);
}

async function makeTenant(name: string, spec: object = {}): Promise<string> {
  await bench.applyTenant(name, spec);
  await bench.until(TENANT, { name }, 'NamespaceReady', 'NamespaceReady');
  return `tenant-${name}`;
}

async function secretOf(
  namespace: string,
  name: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  return (await admin.get<Secret>(SECRETS, { namespace, name }))?.data;
}

async function share(name: string, value: string, more: object = {}): Promise<void> {
  await admin.apply(
    SECRETS,
    {
      metadata: { namespace: SYSTEM, name, labels: { 'veralux.io/copy-to-tenants': 'true' } },
      stringData: { token: value },
      ...more,
    },
    { fieldManager: 'test', force: true },
  );
}

describe('a new tenant', () => {
  test('gets everything with one write each, one for its finalizers, one for its status, and none again', async () => {
    const name = 'ch-new';
    const namespace = await makeTenant(name);
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
      { metadata: { annotations: { look: 'again' } } },
      { fieldManager: 'test' },
    );
    await makeTenant('ch-next');
    expect(writesOf(name)).toEqual(writes);
  });

  test('shows people of spec.access its numbers, and nothing else', async () => {
    const name = 'ch-access';
    const namespace = await makeTenant(name, { access: ACCESS });
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
    const namespace = await makeTenant(name);
    for (const [resource, child] of CHILDREN) {
      const ref = { namespace, name: child };
      const before = await admin.get(resource, ref);
      await admin.mergePatch(resource, ref, changes[resource.kind] ?? {}, { fieldManager: 'kubectl-edit' });
      await vi.waitFor(async () => expect(await ownedOf(resource, ref)).toEqual(owned(before)), WAIT);
      await vi.waitFor(async () => {
        expect(await eventsOn(name)).toContain(
          `ChildCorrected ${resource.kind} ${child} was changed by kubectl-edit and is as it was again.`,
        );
      }, WAIT);
    }
  });

  test('by deleting a child or taking our label away is put back', async () => {
    const name = 'ch-deleted';
    const namespace = await makeTenant(name);
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
      expect(await eventsOn(name)).toContain(
        'ChildRestored NetworkPolicy default-deny was deleted and is there again.',
      );
    }, WAIT);
  });

  test('on the namespace’s labels is put back: it stays the tenant’s by its uid', async () => {
    const name = 'ch-labels';
    const namespace = await makeTenant(name);
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
      expect((await eventsOn(name)).join()).toContain(
        `ChildCorrected Namespace ${namespace} was changed by kubectl-label and has its labels again`,
      );
    }, WAIT);
  });

  test('while the operator is down is put back when it starts, and nothing else is written', async () => {
    const name = 'ch-down';
    const namespace = await makeTenant(name);
    const other = await makeTenant('ch-untouched');
    const versions = () =>
      Promise.all(
        CHILDREN.map(
          async ([r, n]) => (await admin.get(r, { namespace: other, name: n }))?.metadata.resourceVersion,
        ),
      );
    await operator.stop();
    const untouched = await versions();
    const ref = { namespace, name: 'tenant-keys' };
    const keys = await secretOf(namespace, 'tenant-keys');
    await admin.mergePatch(SECRETS, ref, changes['Secret'] ?? {}, { fieldManager: 'kubectl-edit' });
    await admin.delete(NETWORK_POLICIES, { namespace, name: 'default-deny' });
    operator = await bench.startOperator({ config: proxy.kubeConfig(bench.account) });
    await vi.waitFor(async () => expect(await secretOf(namespace, 'tenant-keys')).toEqual(keys), WAIT);
    await vi.waitFor(async () => {
      const events = await eventsOn(name);
      expect(events).toContain(
        'ChildCorrected Secret tenant-keys was changed by kubectl-edit and is as it was again.',
      );
      expect(events).toContain('ChildRestored NetworkPolicy default-deny was deleted and is there again.');
    }, WAIT);
    expect(await versions()).toEqual(untouched);
  });

  test('by deleting the whole namespace on purpose has it made anew', async () => {
    const name = 'ch-broken-glass';
    const namespace = await makeTenant(name);
    const before = await admin.get(NAMESPACES, { name: namespace });
    await admin.delete(NAMESPACES, { name: namespace });
    await vi.waitFor(async () => {
      const now = await admin.get(NAMESPACES, { name: namespace });
      expect(now?.metadata.uid).not.toBe(before?.metadata.uid);
      expect(await admin.get(SECRETS, { namespace, name: 'tenant-keys' })).toBeDefined();
    }, WAIT);
    await bench.until(TENANT, { name }, 'Ready', 'Ready');
    expect((await eventsOn(name)).join()).toContain(
      `ChildRestored Namespace ${namespace} was deleted and is made anew`,
    );
  });
});

describe('secrets', () => {
  test('are rotated on request, and the previous one stays for a while', async () => {
    const name = 'ch-rotate';
    const namespace = await makeTenant(name);
    const first = await secretOf(namespace, 'tenant-keys');
    const annotations = { 'veralux.io/rotate-secrets': 'today' };
    await admin.mergePatch(TENANT, { name }, { metadata: { annotations } }, { fieldManager: 'test' });
    await vi.waitFor(async () => {
      const second = await secretOf(namespace, 'tenant-keys');
      expect(second?.['previousWebhookSecret']).toBe(first?.['webhookSecret']);
      expect(second?.['webhookSecret']).not.toBe(first?.['webhookSecret']);
    }, WAIT);
    await vi.waitFor(async () => {
      const tenant = await admin.get<Shown>(TENANT, { name });
      expect(tenant?.status?.['secrets']).toMatchObject({ generation: 2, rotationRequest: 'today' });
      expect((await eventsOn(name)).join()).toContain('SecretsRotated');
      expect((await eventsOn(name)).join()).not.toContain('ChildCorrected');
    }, WAIT);
  });

  test('that are shared are copied, follow their source, and go with it', async () => {
    const namespace = await makeTenant('ch-shared');
    const value = async (secret: string) => {
      const token = (await secretOf(namespace, secret))?.['token'];
      return token === undefined ? undefined : Buffer.from(token, 'base64').toString();
    };
    await share('ch-crm', 'one');
    await vi.waitFor(async () => expect(await value('ch-crm')).toBe('one'), WAIT);
    await share('ch-crm', 'two');
    await vi.waitFor(async () => expect(await value('ch-crm')).toBe('two'), WAIT);
    const labels = { 'veralux.io/copy-to-tenants': null };
    await admin.mergePatch(
      SECRETS,
      { namespace: SYSTEM, name: 'ch-crm' },
      { metadata: { labels } },
      { fieldManager: 'test' },
    );
    await vi.waitFor(async () => expect(await value('ch-crm')).toBeUndefined(), WAIT);

    await share('ch-lost', 'three');
    await vi.waitFor(async () => expect(await value('ch-lost')).toBe('three'), WAIT);
    await operator.stop();
    await admin.delete(SECRETS, { namespace: SYSTEM, name: 'ch-lost' });
    operator = await bench.startOperator({ config: proxy.kubeConfig(bench.account) });
    await vi.waitFor(async () => expect(await value('ch-lost')).toBeUndefined(), WAIT);
    expect(await secretOf(namespace, 'tenant-keys')).toBeDefined();
  });

  test.each([
    ['operator-test', {}, 'a VoiceRuntime works with it'],
    ['ch-stripe-key', {}, 'looks like a credential of the platform'],
    ['ch-plain', { stringData: { JWT_SECRET: 'x' } }, 'JWT_SECRET looks like a credential'],
    ['tenant-keys', {}, 'a tenant’s namespace has one of its own'],
  ])('of the platform are not copied: %s', async (secret, more, why) => {
    const namespace = await makeTenant('ch-refused');
    const before = await secretOf(namespace, secret);
    await share(secret, 'leak', more);
    await vi.waitFor(async () => expect((await eventsOn(secret)).join()).toContain(why), WAIT);
    await makeTenant(`ch-after-${secret}`);
    expect(await secretOf(namespace, secret)).toEqual(before);
    if (secret !== 'tenant-keys') expect(await secretOf(`tenant-ch-after-${secret}`, secret)).toBeUndefined();
  });
});

test('a Tenant whose id has kept rows is refused until it adopts them, or they are gone', async () => {
  const tenantID = '11111111-2222-4333-8444-666666666666';
  const record = { namespace: SYSTEM, name: retainedName(tenantID) };
  const data = { tenantID, name: 'ch-earlier', deletedAt: '2026-01-01T00:00:00Z' };
  const keep = () =>
    admin.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...record, labels: { 'veralux.io/retained': 'true' } },
      data,
    } as KubeObject);
  await keep();
  const name = 'ch-kept';
  await bench.applyTenant(name, { tenantID });
  const refused = await bench.until(TENANT, { name }, 'Ready', 'IdTaken');
  expect(conditionOf(refused, 'Ready')?.message).toContain(
    'Tenant ch-earlier, deleted at 2026-01-01T00:00:00Z',
  );
  expect(await admin.get(NAMESPACES, { name: `tenant-${name}` })).toBeUndefined();
  await admin.delete(CONFIG_MAPS, record);
  await bench.until(TENANT, { name }, 'Ready', 'Ready');

  await admin.delete(TENANT, { name });
  await vi.waitFor(async () => expect(await admin.get(TENANT, { name })).toBeUndefined(), WAIT);
  await keep();
  await bench.applyTenant(name, { tenantID });
  await bench.until(TENANT, { name }, 'Ready', 'IdTaken');
  const annotations = { 'veralux.io/adopt-data': 'true' };
  await admin.mergePatch(TENANT, { name }, { metadata: { annotations } }, { fieldManager: 'test' });
  await bench.until(TENANT, { name }, 'Ready', 'Ready');
});

test('an object of others that stands in a child’s place is left alone, and named', async () => {
  const name = 'ch-place';
  const namespace = await makeTenant(name);
  const taken = { namespace, name: 'ch-vendor' };
  await admin.apply(
    SECRETS,
    { metadata: taken, stringData: { token: 'mine' } },
    { fieldManager: 'somebody' },
  );
  await share('ch-vendor', 'theirs');
  const tenant = await bench.until(TENANT, { name }, 'NamespaceReady', 'ChildTaken');
  expect(conditionOf(tenant, 'NamespaceReady')?.message).toContain(`Secret ${namespace}/ch-vendor exists`);
  expect((await secretOf(namespace, 'ch-vendor'))?.['token']).toBe(Buffer.from('mine').toString('base64'));
  await admin.delete(SECRETS, taken);
  await admin.delete(SECRETS, { namespace: SYSTEM, name: 'ch-vendor' });
  await bench.until(TENANT, { name }, 'NamespaceReady', 'NamespaceReady');
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
