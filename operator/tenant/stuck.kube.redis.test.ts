import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { callKeys } from '#crds/projection/keys.ts';
import { retainedName } from '#crds/tenant/kept-data.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { describedTrouble } from '#hack/testing/described-trouble.ts';
import {
  conditionOf,
  externalRuntimeSpec,
  OperatorBench,
  RUNTIME,
  type RunningOperator,
  type Shown,
  SYSTEM,
  WAIT,
} from '#hack/testing/operator-bench.ts';
import { TenantBench } from '#hack/testing/tenant-bench.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS, NAMESPACES, type Resource, ROLE_BINDINGS } from '#lib/kube/resource.ts';

/**
 * Every way in which a Tenant can be stuck, and what `kubectl describe tenant` alone tells a stranger of
 * it: goldens/stuck has the texts, to be read as a person would.
 */
let bench: OperatorBench;
let tenants: TenantBench;
let operator: RunningOperator;

const SHARED_ID = '11111111-2222-4333-8444-999999999991';
const KEPT_ID = '11111111-2222-4333-8444-999999999992';
const ACCESS = { access: [{ kind: 'User', name: 'jane', role: 'Viewer' }] };

beforeAll(async () => {
  // A namespace of a tenant's name that somebody made before the policies were there.
  bench = await OperatorBench.open(async (admin) => {
    const name = 'tenant-namespace-taken';
    await admin.create<KubeObject>(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  });
  tenants = new TenantBench(bench);
  operator = await bench.startOperator();
  await bench.until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready');
});

afterAll(async () => {
  await operator.stop();
  await bench.close();
});

/** An error is told once it has come for ten seconds, and then tried again after as many. */
const PATIENCE = { ...WAIT, timeout: 60_000 };

interface Case {
  /** Makes a Tenant of the case's name that is stuck. */
  readonly arrange: (name: string) => Promise<unknown>;
  readonly type: string;
  readonly reason: string;
  /** Absent where the reason alone says that it is stuck there. */
  readonly says?: string;
  /** The reason of an Event that tells it too. */
  readonly event?: string;
}

const CASES: Readonly<Record<string, Case>> = {
  'namespace-taken': {
    arrange: (name) => bench.applyTenant(name, {}),
    type: 'NamespaceReady',
    reason: 'NamespaceTaken',
  },
  'id-taken': {
    async arrange(name) {
      await tenants.make('id-holder', { tenantID: SHARED_ID });
      await bench.applyTenant(name, { tenantID: SHARED_ID });
    },
    type: 'Ready',
    reason: 'IdTaken',
  },
  'rows-kept': {
    async arrange(name) {
      const metadata = {
        namespace: SYSTEM,
        name: retainedName(KEPT_ID),
        labels: { 'veralux.io/retained': 'true' },
      };
      const data = { tenantID: KEPT_ID, name: 'earlier', deletedAt: '2026-01-01T00:00:00Z' };
      const record = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
      await bench.apiserver.create<KubeObject>(CONFIG_MAPS, record);
      await bench.applyTenant(name, { tenantID: KEPT_ID });
    },
    type: 'Ready',
    reason: 'IdTaken',
  },
  'time-zone': {
    arrange: (name) => bench.applyTenant(name, { timeZone: 'Europe/Atlantis' }),
    type: 'Ready',
    reason: 'InvalidSpec',
  },
  'runtime-missing': {
    arrange: (name) => bench.applyTenant(name, { runtimeRef: { namespace: SYSTEM, name: 'nowhere' } }),
    type: 'RuntimeAvailable',
    reason: 'RuntimeNotFound',
  },
  'runtime-not-ready': {
    async arrange(name) {
      const ref = { namespace: SYSTEM, name: 'silent' };
      await bench.apply(VOICE_RUNTIME, ref, { spec: externalRuntimeSpec(ref.name) });
      await bench.until(VOICE_RUNTIME, ref, 'Available', 'NoPods');
      await bench.applyTenant(name, { runtimeRef: ref });
    },
    type: 'RuntimeAvailable',
    reason: 'RuntimeNotReady',
    says: 'No pod has reported',
  },
  quota: {
    async arrange(name) {
      const namespace = await tenants.make(name);
      const hard = '--hard=count/rolebindings.rbac.authorization.k8s.io=0';
      await bench.cluster.kubectl('create', 'quota', 'theirs', hard, `--namespace=${namespace}`);
      await untilRefused('exceeded quota', namespace);
      await bench.applyTenant(name, ACCESS);
    },
    type: 'NamespaceReady',
    reason: 'ApplyFailed',
  },
  policy: {
    async arrange(name) {
      const namespace = await tenants.make(name);
      await applyAll(policyAgainst(namespace));
      await untilRefused('nobody is bound here', namespace);
      await bench.applyTenant(name, ACCESS);
    },
    type: 'NamespaceReady',
    reason: 'ApplyFailed',
  },
  'webhook-down': {
    async arrange(name) {
      const namespace = await tenants.make(name);
      await applyAll(brokenWebhook(namespace));
      await untilRefused('failed calling webhook', namespace);
      await bench.applyTenant(name, ACCESS);
    },
    type: 'Ready',
    reason: 'ClusterError',
    event: 'ClusterError',
  },
  'finalizer-refused': {
    async arrange(name) {
      const holds = "object.metadata.?finalizers.orValue([]).exists(one, one == 'veralux.io/tenant')";
      await refuse(TENANT, `request.name == '${name}' && ${holds}`);
      await bench.applyTenant(name, {});
    },
    type: 'Ready',
    reason: 'ClusterError',
    event: 'ClusterError',
  },
  'child-taken': {
    async arrange(name) {
      const namespace = await tenants.make(name);
      const create = ['create', 'rolebinding', 'tenant-viewers', '--clusterrole=view', '--user=somebody'];
      await bench.cluster.kubectl(...create, `--namespace=${namespace}`);
      await bench.applyTenant(name, ACCESS);
    },
    type: 'NamespaceReady',
    reason: 'ChildTaken',
  },
  'namespace-terminating': {
    async arrange(name) {
      const namespace = await tenants.make(name);
      await hold(namespace);
      const metadata = { annotations: { 'veralux.io/allow-delete': 'true' } };
      const ref = { name: namespace };
      await bench.admin.mergePatch(NAMESPACES, ref, { metadata }, { fieldManager: 'person' });
      await bench.admin.delete(NAMESPACES, ref);
    },
    type: 'NamespaceReady',
    reason: 'NamespaceTerminating',
    says: 'example.org/keep in 1 resource instances',
  },
  'ending-calls': {
    async arrange(name) {
      await tenants.make(name);
      const { status } = (await bench.admin.get<Shown>(TENANT, { name })) ?? {};
      const leases = callKeys.leases(String(status?.['tenantID']));
      await bench.redis.zadd(leases, Date.now() + 3_600_000, 'call-1');
      await bench.admin.delete(TENANT, { name });
    },
    type: 'Ready',
    reason: 'Deleting',
    says: 'in progress may end',
  },
  'ending-numbers': {
    async arrange(name) {
      const namespace = await tenants.make(name);
      const ref = { namespace, name: 'main' };
      const spec = { search: { countryCode: 'US', areaCode: '415' }, routing: { workflow: 'lead' } };
      await bench.apply(PHONE_NUMBER, ref, { spec });
      const { metadata } = await bench.until(PHONE_NUMBER, ref, 'Ready', 'Ready');
      const finalizers = [...(metadata.finalizers ?? []), 'example.org/keep'];
      await bench.admin.mergePatch(
        PHONE_NUMBER,
        ref,
        { metadata: { finalizers } },
        { fieldManager: 'person' },
      );
      await bench.admin.delete(TENANT, { name });
      await vi.waitFor(async () => {
        const left = await bench.admin.get(PHONE_NUMBER, ref);
        expect(left?.metadata.finalizers).toEqual(['example.org/keep']);
      }, WAIT);
    },
    type: 'Ready',
    reason: 'Deleting',
    says: 'It is also held by example.org/keep',
  },
  'ending-namespace': {
    async arrange(name) {
      await hold(await tenants.make(name));
      await bench.admin.delete(TENANT, { name });
    },
    type: 'Ready',
    reason: 'Deleting',
    says: 'example.org/keep in 1 resource instances',
  },
  'end-refused': {
    async arrange(name) {
      const namespace = await tenants.make(name);
      await refuse(NAMESPACES, `request.name == '${namespace}' && request.operation == 'DELETE'`);
      await bench.admin.delete(TENANT, { name });
    },
    type: 'Ready',
    reason: 'Deleting',
    says: 'denied request',
  },
  'end-finalizer-refused': {
    async arrange(name) {
      await tenants.make(name);
      const holds = "object.metadata.?finalizers.orValue([]).exists(one, one == 'veralux.io/tenant')";
      await refuse(TENANT, `request.name == '${name}' && request.operation == 'UPDATE' && !${holds}`);
      await bench.admin.delete(TENANT, { name });
    },
    type: 'Ready',
    reason: 'Deleting',
    says: 'denied request',
  },
  'ending-data': {
    async arrange(name) {
      await tenants.make(name);
      await bench.recorder.stop();
      await bench.admin.delete(TENANT, { name });
    },
    type: 'Ready',
    reason: 'Deleting',
    says: 'its calls, leads and usage',
  },
};

/** The last, since they go without Redis. */
const CASES_WITHOUT_REDIS: Readonly<Record<string, Case>> = {
  'redis-away': {
    async arrange(name) {
      await tenants.make('redis-ending');
      await bench.testRedis.stop();
      await bench.applyTenant(name, {});
    },
    type: 'ProfileProjected',
    reason: 'RedisUnavailable',
  },
  'redis-ending': {
    arrange: (name) => bench.admin.delete(TENANT, { name }),
    type: 'Ready',
    reason: 'Deleting',
    says: 'Calls have to stop arriving first',
  },
};

test.each(Object.entries(CASES))(
  'a Tenant that is stuck (%s) explains itself',
  explainsItself,
  PATIENCE.timeout + 20_000,
);

test.each([
  ['quota', () => bench.cluster.kubectl('delete', 'quota', 'theirs', '--namespace=tenant-quota')],
  [
    'child-taken',
    () => bench.admin.delete(ROLE_BINDINGS, { namespace: 'tenant-child-taken', name: 'tenant-viewers' }),
  ],
])(
  'what the cluster refused (%s) is tried again, since nobody tells when it may be',
  async (name, relent) => {
    await relent();
    const patience = { ...WAIT, timeout: 90_000 };
    await vi.waitFor(() => bench.until(TENANT, { name }, 'NamespaceReady', 'NamespaceReady'), patience);
  },
  120_000,
);

test.each(Object.entries(CASES_WITHOUT_REDIS))('without Redis a Tenant (%s) explains itself', explainsItself);

async function explainsItself(name: string, stuck: Case): Promise<void> {
  await stuck.arrange(name);
  await vi.waitFor(async () => {
    const tenant = await bench.admin.get<Shown>(TENANT, { name });
    const condition = tenant && conditionOf(tenant, stuck.type);
    expect(condition?.reason).toBe(stuck.reason);
    expect(condition?.message).toContain(stuck.says ?? '');
    const events = stuck.event === undefined ? '' : (await tenants.eventsOn(name)).join();
    expect(events).toContain(stuck.event ?? '');
  }, PATIENCE);
  const text = describedTrouble(await bench.cluster.kubectl('describe', 'tenant', name));
  await expect(text).toMatchFileSnapshot(`goldens/stuck/${name}.txt`);
}

/** Something in the namespace that keeps it from going. */
async function hold(namespace: string): Promise<void> {
  const metadata = { namespace, name: 'theirs', finalizers: ['example.org/keep'] };
  await bench.admin.create<KubeObject>(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
}

/** Until RoleBindings are refused in this namespace: what refuses them is heard of a moment later. */
async function untilRefused(words: string, namespace: string): Promise<void> {
  const create = ['create', 'rolebinding', 'probe', '--clusterrole=view', '--user=probe', '--dry-run=server'];
  await vi.waitFor(
    async () => expect(bench.cluster.kubectl(...create, `--namespace=${namespace}`)).rejects.toThrow(words),
    WAIT,
  );
}

/** A company's own policy against what has to do with one namespace. */
function policyAgainst(namespace: string): object[] {
  const resources = ['rolebindings'];
  const rule = { apiGroups: ['rbac.authorization.k8s.io'], operations: ['CREATE', 'UPDATE'], resources };
  return policy({ name: 'no-bindings', rule, refused: 'true', message: 'nobody is bound here', namespace });
}

/** Has the cluster refuse what the expression finds; resolves once it does. */
async function refuse({ group, plural, kind }: Resource, refused: string): Promise<void> {
  policies += 1;
  const name = `theirs-${policies}`;
  const rule = {
    apiGroups: [group],
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    resources: [plural],
  };
  const expression = `request.name == '${name}-probe' || (${refused})`;
  await applyAll(policy({ name, rule, refused: expression, message: 'the company wants it otherwise' }));
  const spec = { displayName: 'x', runtimeRef: RUNTIME, workflows: [{ name: 'lead', fields: [] }] };
  const probe = {
    apiVersion: group === '' ? 'v1' : `${group}/v1alpha1`,
    kind,
    metadata: { name: `${name}-probe` },
    ...(kind === TENANT.kind ? { spec } : {}),
  };
  await vi.waitFor(
    async () =>
      expect(
        bench.cluster.kubectlWithInput(JSON.stringify(probe), 'create', '--filename=-', '--dry-run=server'),
      ).rejects.toThrow('the company wants it otherwise'),
    WAIT,
  );
}

let policies = 0;

interface PolicyOptions {
  readonly name: string;
  readonly rule: {
    apiGroups: readonly string[];
    operations: readonly string[];
    resources: readonly string[];
  };
  /** In CEL, what is refused. */
  readonly refused: string;
  readonly message: string;
  /** Absent: all. */
  readonly namespace?: string;
}

function policy({ name, rule, refused, message, namespace }: PolicyOptions): object[] {
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const metadata = { name };
  const matchResources =
    namespace === undefined
      ? {}
      : {
          matchResources: {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          },
        };
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        matchConstraints: { resourceRules: [{ ...rule, apiVersions: ['*'] }] },
        validations: [{ expression: `!(${refused})`, message }],
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: name, validationActions: ['Deny'], ...matchResources },
    },
  ];
}

/** A company's webhook of which nobody takes care any more. */
function brokenWebhook(namespace: string): object[] {
  const webhook = {
    name: 'theirs.example.org',
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    failurePolicy: 'Fail',
    timeoutSeconds: 1,
    clientConfig: { url: 'https://127.0.0.1:1/mutate' },
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    rules: [
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        apiVersions: ['v1'],
        operations: ['CREATE', 'UPDATE'],
        resources: ['rolebindings'],
      },
    ],
  };
  const apiVersion = 'admissionregistration.k8s.io/v1';
  return [
    { apiVersion, kind: 'MutatingWebhookConfiguration', metadata: { name: 'theirs' }, webhooks: [webhook] },
  ];
}

async function applyAll(items: readonly object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await bench.cluster.kubectlWithInput(list, 'apply', '--filename=-');
}
