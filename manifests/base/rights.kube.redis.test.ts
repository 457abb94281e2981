import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { PROJECTED_FIELDS, podKeys } from '#crds/projection/keys.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { AuditLog } from '#hack/testing/audit-log.ts';
import {
  externalRuntimeSpec,
  OperatorBench,
  RUNTIME,
  type RunningOperator,
  SYSTEM,
  WAIT,
} from '#hack/testing/operator-bench.ts';
import { rightsOf, unusedRights } from '#hack/testing/rights.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import {
  CONFIG_MAPS,
  DEPLOYMENTS,
  LIMIT_RANGES,
  NAMESPACES,
  NETWORK_POLICIES,
  PERSISTENT_VOLUME_CLAIMS,
  POD_DISRUPTION_BUDGETS,
  PODS,
  RESOURCE_QUOTAS,
  type Resource,
  ROLE_BINDINGS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { EventRecorder } from '#operator/engine/event-recorder.ts';

const OPERATOR = { namespace: SYSTEM, name: 'veralux-operator' };
const OPTIONS = { fieldManager: 'somebody' };
const MANAGED_BY = 'app.kubernetes.io/managed-by';
const TENANT_NAME = 'rights';
const HOME = 'tenant-rights';

/**
 * The operator goes through all that it does, with the rights that are shipped, before an API server
 * that writes down what it asked for. A right that is not in the record can be taken away.
 */
const audit = new AuditLog(SYSTEM);
let bench: OperatorBench;
let operator: RunningOperator;

beforeAll(async () => {
  // Without WatchList the operator lists first, as it must on older clusters.
  const apiserverArgs = [...audit.args, '--feature-gates=WatchList=false'];
  bench = await OperatorBench.open(makeStrayRuntime, { apiserverArgs });
  operator = await bench.startOperator();
});
afterAll(async () => {
  await operator.stop();
  await bench.close();
  audit.remove();
});

test('the operator needs every right that it has, is denied nothing, and is refused nothing by policies', async () => {
  await furnishTenant();
  await moveNumber();
  await runVoiceRuntime();
  await bench.admin.delete(TENANT, { name: TENANT_NAME });
  await gone(TENANT, TENANT_NAME);

  const requests = audit
    .read()
    .filter(({ user, userAgent }) => user.endsWith(`:${OPERATOR.name}`) && userAgent === 'veralux-operator');
  // To bind a role is no request of its own; it has a test below.
  const rights = (await rightsOf(bench.admin, OPERATOR)).filter(({ verb }) => verb !== 'bind');
  expect(unusedRights(rights, requests, [SYSTEM])).toEqual([]);
  expect(requests.filter(({ allowed }) => !allowed)).toEqual([]);
  expect(requests.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
}, 180_000);

test('the operator may give the viewers’ role to people, and could not without the right to bind it', async () => {
  const account = new KubeClient({ config: bench.account, userAgent: 'somebody' });
  await bench.applyTenant('bound', {});
  await bench.until(TENANT, { name: 'bound' }, 'Ready', 'Ready');
  const bindTo = (name: string) =>
    account.apply(
      ROLE_BINDINGS,
      {
        metadata: { namespace: 'tenant-bound', name: 'trial' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      },
      { ...OPTIONS, dryRun: true },
    );
  await bindTo('veralux-tenant-viewer');
  // Another role with the same rules, which it holds no right to bind.
  const rules = ['--verb=get,list,watch', '--resource=phonenumbers.veralux.io,events'];
  await bench.cluster.kubectl('create', 'clusterrole', 'same-rules', ...rules);
  await expect(bindTo('same-rules')).rejects.toMatchObject({ status: 403 });
  await expect(bindTo('cluster-admin')).rejects.toMatchObject({ status: 403 });
  await account.close();
}, 60_000);

/** In a namespace that is not the platform's, from before the policies: its status says so. */
async function makeStrayRuntime(admin: KubeClient): Promise<void> {
  const stray: KubeObject & { readonly spec: object } = {
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'VoiceRuntime',
    metadata: { namespace: 'default', name: 'stray' },
    spec: externalRuntimeSpec('stray'),
  };
  await admin.create(VOICE_RUNTIME, stray);
}

/** A ConfigMap of people's own, that the Tenant names. */
async function referToFacts(access: readonly object[]): Promise<void> {
  const facts = { namespace: HOME, name: 'facts' };
  await bench.apply(CONFIG_MAPS, facts, { data: { parking: 'Behind the house.' } });
  await bench.applyTenant(TENANT_NAME, { access, knowledgeFrom: [{ name: facts.name }] });
  await bench.until(TENANT, { name: TENANT_NAME }, 'ReferencesResolved', 'Resolved');
}

/** A tenant with all that its namespace can hold; each thing changed by hand, and put right. */
async function furnishTenant(): Promise<void> {
  const { admin } = bench;
  await bench.until(VOICE_RUNTIME, { namespace: 'default', name: 'stray' }, 'Ready', 'InvalidSpec');
  const shared = { namespace: SYSTEM, name: 'registry' };
  await bench.apply(SECRETS, shared, {
    metadata: { ...shared, labels: { 'veralux.io/copy-to-tenants': 'true' } },
    stringData: { token: 'x' },
  });
  const access = [{ kind: 'User', name: 'jane' }];
  await bench.applyTenant(TENANT_NAME, { access });
  await bench.until(TENANT, { name: TENANT_NAME }, 'Ready', 'Ready');
  await there(SECRETS, 'registry', HOME);
  for (const [resource, name] of [
    [SERVICE_ACCOUNTS, 'tenant'],
    [RESOURCE_QUOTAS, 'tenant'],
    [LIMIT_RANGES, 'tenant'],
    [NETWORK_POLICIES, 'default-deny'],
    [ROLE_BINDINGS, 'tenant-viewers'],
    [SECRETS, 'tenant-keys'],
  ] as const) {
    await hideAndSeek(resource, name, HOME);
  }
  await admin.delete(SERVICE_ACCOUNTS, { namespace: HOME, name: 'tenant' });
  await there(SERVICE_ACCOUNTS, 'tenant', HOME);
  await referToFacts(access);
  await repeatEvent();
  await relabelNamespace();
  await remakeQuota();
  // What is wanted no more goes.
  await bench.applyTenant(TENANT_NAME, { access: [] });
  await gone(ROLE_BINDINGS, 'tenant-viewers', HOME);
  await admin.delete(SECRETS, shared);
  await gone(SECRETS, 'registry', HOME);
}

/** The same Event a minute later: that is how often a count is written. */
async function repeatEvent(): Promise<void> {
  const tenant = await bench.admin.get(TENANT, { name: TENANT_NAME });
  if (tenant === undefined) throw new Error('there is no Tenant');
  const client = new KubeClient({ config: bench.account, userAgent: 'veralux-operator' });
  const clock = new FakeClock();
  const events = new EventRecorder({ client, component: 'veralux-operator', clock, log: silentLogger });
  for (const _time of ['first', 'second']) {
    events.record(tenant, { type: 'Normal', reason: 'Repeated', message: 'It comes twice.' });
    await events.drain();
    await clock.advance(61_000);
  }
  await client.close();
}

/** Only somebody with the operator's own account can do this where the policies are. */
async function relabelNamespace(): Promise<void> {
  const thief = new KubeClient({ config: bench.account, userAgent: 'somebody' });
  const label = 'veralux.io/tenant-id';
  const labels = { [label]: null };
  await thief.mergePatch(NAMESPACES, { name: HOME }, { metadata: { labels } }, OPTIONS);
  await thief.close();
  await vi.waitFor(async () => {
    const namespace = await bench.admin.get(NAMESPACES, { name: HOME });
    expect(namespace?.metadata.labels).toHaveProperty([label]);
  }, WAIT);
}

/** While the operator is away somebody puts a quota there that cannot be changed into ours. */
async function remakeQuota(): Promise<void> {
  const { admin } = bench;
  const ref = { namespace: HOME, name: 'tenant' };
  await operator.stop();
  const quota = await admin.get<KubeObject & { spec: object }>(RESOURCE_QUOTAS, ref);
  if (quota === undefined) throw new Error('there is no quota');
  await admin.delete(RESOURCE_QUOTAS, ref);
  const { labels = {} } = quota.metadata;
  const spec = { hard: { pods: '1' }, scopes: ['NotTerminating'] };
  await admin.create<typeof quota>(RESOURCE_QUOTAS, { ...quota, metadata: { ...ref, labels }, spec });
  operator = await bench.startOperator();
  await vi.waitFor(async () => {
    const found = await admin.get<KubeObject & { spec: object }>(RESOURCE_QUOTAS, ref);
    expect(found?.spec).toEqual(quota.spec);
  }, WAIT);
}

/** A number that one PhoneNumber leaves and another of the tenant takes up, and releases. */
async function moveNumber(): Promise<void> {
  const { admin } = bench;
  const first = { namespace: HOME, name: 'first' };
  const routing = { workflow: 'lead' };
  await bench.apply(PHONE_NUMBER, first, {
    spec: { search: { countryCode: 'US', areaCode: '415' }, routing },
  });
  const bought = await bench.until(PHONE_NUMBER, first, 'Ready', 'Ready');
  await admin.delete(PHONE_NUMBER, first);
  await gone(PHONE_NUMBER, 'first', HOME);
  const second = { namespace: HOME, name: 'second' };
  const number = bought.status?.['number'];
  await bench.apply(PHONE_NUMBER, second, { spec: { number, routing, releasePolicy: 'Release' } });
  await bench.until(PHONE_NUMBER, second, 'Ready', 'Ready');
}

/** A Managed VoiceRuntime with an engine; each thing of it changed by hand; then it runs elsewhere. */
async function runVoiceRuntime(): Promise<void> {
  const ref = { namespace: SYSTEM, name: 'managed' };
  const external = externalRuntimeSpec('managed') as { readonly engines: { readonly tts: object } };
  const stt = { type: 'Whisper', deployment: { cache: { size: '1Gi' } } };
  const engines = { stt, tts: external.engines.tts };
  const endpoint = { mediaURL: 'wss://voice.test', webhookURL: 'https://voice.test/webhooks/telnyx' };
  await bench.apply(VOICE_RUNTIME, ref, { spec: { ...external, mode: 'Managed', endpoint, engines } });
  await markPod();
  const children: readonly (readonly [Resource, string])[] = [
    [DEPLOYMENTS, 'managed'],
    [SERVICES, 'managed'],
    [POD_DISRUPTION_BUDGETS, 'managed'],
    [NETWORK_POLICIES, 'managed'],
    [SECRETS, 'managed-runtime'],
    [SERVICE_ACCOUNTS, 'managed-runtime'],
    [PERSISTENT_VOLUME_CLAIMS, 'managed-stt-default'],
  ];
  for (const [resource, name] of children) await hideAndSeek(resource, name, SYSTEM);
  await bench.apply(VOICE_RUNTIME, ref, { spec: externalRuntimeSpec('managed') });
  for (const [resource, name] of children) await gone(resource, name, SYSTEM);
}

/** A pod of it says that it holds a call. */
async function markPod(): Promise<void> {
  const key = `${RUNTIME.namespace}/managed`;
  const pod = await vi.waitFor(async () => {
    const labelSelector = 'veralux.io/runtime=managed,app.kubernetes.io/component=runtime';
    const [found] = (await bench.admin.list(PODS, { namespace: SYSTEM, labelSelector })).items;
    if (found === undefined) throw new Error('there is no pod');
    return found.metadata.name;
  }, WAIT);
  const at = Date.now() + 3_600_000;
  const heartbeat = { pod, runtime: key, state: 'Serving', mediaURL: 'ws://a', slots: 50, calls: 1, at };
  await bench.redis.hset(podKeys.pod(key, pod), PROJECTED_FIELDS.value, JSON.stringify(heartbeat));
  await bench.redis.zadd(podKeys.runtimePods(key), at, pod);
  await vi.waitFor(async () => {
    const marked = await bench.admin.get(PODS, { namespace: SYSTEM, name: pod });
    expect(marked?.metadata.annotations).toHaveProperty(['controller.kubernetes.io/pod-deletion-cost']);
  }, WAIT);
}

/** Takes the label away by which the operator finds it; the operator has to look for it, and mends it. */
async function hideAndSeek(resource: Resource, name: string, namespace: string): Promise<void> {
  await there(resource, name, namespace);
  const labels = { [MANAGED_BY]: null };
  await bench.admin.mergePatch(resource, { namespace, name }, { metadata: { labels } }, OPTIONS);
  await vi.waitFor(async () => {
    const found = await bench.admin.get(resource, { namespace, name });
    expect(found?.metadata.labels, `${resource.kind} ${name}`).toHaveProperty([MANAGED_BY]);
  }, WAIT);
}

async function there(resource: Resource, name: string, namespace: string): Promise<void> {
  const get = () => bench.admin.get(resource, { namespace, name });
  await vi.waitFor(async () => expect(await get(), `${resource.kind} ${name}`).toBeDefined(), WAIT);
}

async function gone(resource: Resource, name: string, namespace?: string): Promise<void> {
  const get = () => bench.admin.get(resource, { name, ...(namespace === undefined ? {} : { namespace }) });
  await vi.waitFor(async () => expect(await get(), `${resource.kind} ${name}`).toBeUndefined(), WAIT);
}
