import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { PROJECTED_FIELDS, podKeys, projectionKeys } from '#crds/projection/keys.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { testCluster } from '#hack/testing/cluster.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS, LEASES, NAMESPACES, type Resource, SERVICE_ACCOUNTS } from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { connectRedis, disconnectRedis, type Redis } from '#lib/redis/connect-redis.ts';
import { TelnyxCarrier } from './carrier/telnyx.ts';
import { createOperator, type Operator } from './create-operator.ts';
import type { Condition } from './engine/conditions.ts';
import { EngineMetrics } from './engine/metrics.ts';
import { ensureInstallationID } from './installation/installation-id.ts';

/** The operator with the rights that are shipped, a real API server, Redis, and Telnyx's stand-in. */
const SYSTEM = 'veralux-system';
const RUNTIME = { namespace: SYSTEM, name: 'operator-test' };
const WAIT = { timeout: 18_000, interval: 100 };

interface Shown extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[]; readonly [field: string]: unknown };
  readonly spec?: { readonly [field: string]: unknown };
}

let telnyx: TelnyxStandIn;
let testRedis: TestRedis;
let redis: Redis;
let admin: KubeClient;
let accountConfig: KubeConfig;
let operator: RunningOperator;

beforeAll(async () => {
  const cluster = testCluster();
  const manifests = fileURLToPath(new URL('../manifests/overlays/local', import.meta.url));
  await cluster.kubectl('apply', '--server-side', '--kustomize', manifests);
  admin = new KubeClient({ config: configOf(cluster.kubeconfigPath), userAgent: 'test' });
  const token = await cluster.kubectl('create', 'token', 'veralux-operator', `--namespace=${SYSTEM}`);
  accountConfig = configOf(cluster.kubeconfigPath);
  accountConfig.users = accountConfig.users.map(({ name }) => ({ name, token: token.trim() }));
  telnyx = await startTelnyxStandIn({ settings: { orderDelayMs: 200 } });
  testRedis = await startTestRedis();
  redis = await connectRedis({ url: testRedis.url, name: 'test', log: silentLogger });
  await reportPod();
  await apply(
    { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true },
    { name: 'operator-test', namespace: SYSTEM },
    { stringData: { apiKey: telnyx.apiKey, publicKey: telnyx.publicKey } },
  );
  const engine = { endpoint: 'http://127.0.0.1:1' };
  await apply(VOICE_RUNTIME, RUNTIME, {
    spec: {
      mode: 'External',
      endpoint: { mediaURL: 'ws://127.0.0.1:1', webhookURL: 'http://127.0.0.1:1/webhooks/telnyx' },
      telnyx: { secretRef: { name: 'operator-test' }, applicationName: 'operator-test' },
      engines: { stt: { type: 'Whisper', ...engine }, tts: { type: 'Kokoro', ...engine } },
    },
  });
  operator = await startOperator();
  await until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready');
});

afterAll(async () => {
  await operator.stop();
  await disconnectRedis(redis);
  await testRedis.stop();
  await telnyx.stop();
  await admin.close();
});

describe('a Tenant', () => {
  test('gets a namespace, a service account and a profile, and becomes Ready', async () => {
    await applyTenant('op-plain', {});
    const tenant = await until(TENANT, { name: 'op-plain' }, 'Ready', 'Ready');
    expect(tenant.status).toMatchObject({ namespace: 'tenant-op-plain', limits: { phoneNumbers: 1 } });
    const namespace = await admin.get(NAMESPACES, { name: 'tenant-op-plain' });
    expect(namespace?.metadata.labels).toMatchObject({
      'veralux.io/tenant': 'op-plain',
      'veralux.io/tenant-id': tenant.status?.['tenantID'],
    });
    expect(namespace?.metadata.ownerReferences).toBeUndefined();
    expect(await admin.get(SERVICE_ACCOUNTS, { namespace: 'tenant-op-plain', name: 'tenant' })).toBeDefined();
    expect(await profileOf(tenant)).toMatchObject({ name: 'op-plain', plan: 'Free' });
  });

  test('shows a change of its spec to the phone path', async () => {
    await applyTenant('op-change', {});
    await until(TENANT, { name: 'op-change' }, 'Ready', 'Ready');
    await applyTenant('op-change', { displayName: 'Another name' });
    const tenant = await admin.get<Shown>(TENANT, { name: 'op-change' });
    await expect.poll(() => profileOf(tenant), WAIT).toMatchObject({ displayName: 'Another name' });
  });

  test('does not take over a namespace of that name, and is served when it is gone', async () => {
    await admin.create(NAMESPACES, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'tenant-op-foreign' },
    });
    await applyTenant('op-foreign', {});
    await until(TENANT, { name: 'op-foreign' }, 'NamespaceReady', 'NamespaceTaken');
    expect((await admin.get(NAMESPACES, { name: 'tenant-op-foreign' }))?.metadata.labels).not.toHaveProperty(
      'veralux.io/tenant',
    );
    await admin.delete(NAMESPACES, { name: 'tenant-op-foreign' });
    await until(TENANT, { name: 'op-foreign' }, 'Ready', 'Ready');
  });

  test('with the id of another is refused until that one is gone', async () => {
    const tenantID = '11111111-2222-4333-8444-555555555555';
    await applyTenant('op-first', { tenantID });
    await until(TENANT, { name: 'op-first' }, 'Ready', 'Ready');
    await applyTenant('op-second', { tenantID });
    await until(TENANT, { name: 'op-second' }, 'Ready', 'IdTaken');
    expect(await admin.get(NAMESPACES, { name: 'tenant-op-second' })).toBeUndefined();
    await admin.delete(TENANT, { name: 'op-first' });
    await until(TENANT, { name: 'op-second' }, 'Ready', 'Ready');
    expect(await profileOf(await admin.get<Shown>(TENANT, { name: 'op-second' }))).toMatchObject({
      name: 'op-second',
    });
  });

  test('names the fields that nothing acts on yet', async () => {
    await applyTenant('op-unserved', { notifications: { emails: ['a@example.com'] } });
    const tenant = await until(TENANT, { name: 'op-unserved' }, 'Served', 'NotServedYet');
    expect(conditionOf(tenant, 'Served')?.message).toContain('spec.notifications');
  });

  test('has what people change by hand put back', async () => {
    await applyTenant('op-edited', {});
    const tenant = await until(TENANT, { name: 'op-edited' }, 'Ready', 'Ready');
    const namespace = 'tenant-op-edited';
    const label = 'pod-security.kubernetes.io/enforce';
    await admin.mergePatch(
      NAMESPACES,
      { name: namespace },
      { metadata: { labels: { [label]: 'privileged' } } },
      { fieldManager: 'somebody' },
    );
    await admin.delete(SERVICE_ACCOUNTS, { namespace, name: 'tenant' });
    await expect
      .poll(async () => (await admin.get(NAMESPACES, { name: namespace }))?.metadata.labels?.[label], WAIT)
      .toBe('restricted');
    await expect.poll(() => admin.get(SERVICE_ACCOUNTS, { namespace, name: 'tenant' }), WAIT).toBeDefined();
    // Redis is emptied: everything is there again.
    await redis.flushall();
    await reportPod();
    await expect.poll(() => profileOf(tenant), WAIT).toMatchObject({ name: 'op-edited' });
  });
});

describe('a PhoneNumber', () => {
  test('is bought, assigned and mapped, once, although the reply to the order is lost', async () => {
    await applyTenant('op-lost', {});
    await until(TENANT, { name: 'op-lost' }, 'Ready', 'Ready');
    telnyx.control.faults.add({ at: 'POST /v2/number_orders', fault: { kind: 'loseReply' } });
    const ref = { namespace: 'tenant-op-lost', name: 'main' };
    await apply(PHONE_NUMBER, ref, {
      spec: { search: { countryCode: 'US', areaCode: '415' }, routing: { workflow: 'lead' } },
    });
    const number = await until(PHONE_NUMBER, ref, 'Ready', 'Ready');
    const dialled = String(number.status?.['number']);
    expect(dialled).toMatch(/^\+1415/);
    expect(ordersFor(ref)).toHaveLength(1);
    expect(await didOf(dialled)).toMatchObject({ number: dialled, workflow: 'lead' });
    const runtime = await admin.get<Shown>(VOICE_RUNTIME, RUNTIME);
    const owned = inventory().numbers.find((one) => one.phone_number === dialled);
    expect(owned?.connection_id).toBe(runtime?.status?.['connectionID']);
  });

  test('is not bought again by an operator that starts while the order is under way', async () => {
    await applyTenant('op-restart', {});
    await until(TENANT, { name: 'op-restart' }, 'Ready', 'Ready');
    telnyx.control.change({ orderDelayMs: 3_000 });
    const ref = { namespace: 'tenant-op-restart', name: 'main' };
    await apply(PHONE_NUMBER, ref, {
      spec: { search: { countryCode: 'US', areaCode: '206' }, routing: { workflow: 'lead' } },
    });
    await expect.poll(() => ordersFor(ref), WAIT).toHaveLength(1);
    await operator.stop();
    telnyx.control.change({ orderDelayMs: 200 });
    operator = await startOperator();
    await until(PHONE_NUMBER, ref, 'Ready', 'Ready');
    expect(ordersFor(ref)).toHaveLength(1);
  });

  test('that another tenant holds is refused, also when both ask at once', async () => {
    await applyTenant('op-claim-a', {});
    await applyTenant('op-claim-b', {});
    await until(TENANT, { name: 'op-claim-a' }, 'Ready', 'Ready');
    await until(TENANT, { name: 'op-claim-b' }, 'Ready', 'Ready');
    const refs = ['a', 'b'].map((which) => ({ namespace: `tenant-op-claim-${which}`, name: 'main' }));
    await Promise.all(refs.map((ref) => apply(PHONE_NUMBER, ref, { spec: { number: '+13035550142' } })));
    const reasons = async () => {
      const numbers = await Promise.all(refs.map((ref) => admin.get<Shown>(PHONE_NUMBER, ref)));
      return numbers.map((number) => number && conditionOf(number, 'Purchased')?.reason).toSorted();
    };
    await expect.poll(reasons, WAIT).toEqual(['NumberClaimed', 'Owned']);
    expect(refs.flatMap((ref) => ordersFor(ref))).toHaveLength(1);
  });

  test('without routing is owned and not answered, and becomes answered', async () => {
    await applyTenant('op-route', {});
    await until(TENANT, { name: 'op-route' }, 'Ready', 'Ready');
    const ref = { namespace: 'tenant-op-route', name: 'main' };
    const search = { countryCode: 'US', areaCode: '512' };
    await apply(PHONE_NUMBER, ref, { spec: { search } });
    const number = await until(PHONE_NUMBER, ref, 'Ready', 'Ready');
    const dialled = String(number.status?.['number']);
    expect([conditionOf(number, 'Routed')?.reason, await didOf(dialled)]).toEqual(['NotRouted', undefined]);
    await apply(PHONE_NUMBER, ref, { spec: { search, routing: { workflow: 'lead' } } });
    await expect.poll(() => didOf(dialled), WAIT).toMatchObject({ workflow: 'lead' });
  });

  test('above the limit waits for its place', async () => {
    await applyTenant('op-limit', {});
    await until(TENANT, { name: 'op-limit' }, 'Ready', 'Ready');
    const [first, second] = ['first', 'second'].map((name) => ({ namespace: 'tenant-op-limit', name })) as [
      { namespace: string; name: string },
      { namespace: string; name: string },
    ];
    const spec = { search: { countryCode: 'US', areaCode: '617' }, releasePolicy: 'Release' };
    await apply(PHONE_NUMBER, first, { spec });
    await until(PHONE_NUMBER, first, 'Ready', 'Ready');
    await apply(PHONE_NUMBER, second, { spec });
    await until(PHONE_NUMBER, second, 'Purchased', 'LimitReached');
    expect(ordersFor(second)).toHaveLength(0);
    await admin.delete(PHONE_NUMBER, first);
    await until(PHONE_NUMBER, second, 'Ready', 'Ready');
  });

  test('outside a tenant’s namespace says so', async () => {
    const ref = { namespace: 'default', name: 'op-stray' };
    await apply(PHONE_NUMBER, ref, { spec: { number: '+13035550143' } });
    await until(PHONE_NUMBER, ref, 'Purchased', 'TenantNotReady');
    await admin.delete(PHONE_NUMBER, ref);
    await expect.poll(() => admin.get(PHONE_NUMBER, ref), WAIT).toBeUndefined();
  });
});

describe('deletion', () => {
  test.each([
    ['Release', 0, 0],
    ['Retain', 1, 1],
  ])('of a Tenant ends well; %s leaves %i numbers and %i claims', async (releasePolicy, numbers, claims) => {
    const name = `op-delete-${releasePolicy.toLowerCase()}`;
    await applyTenant(name, {});
    const tenant = await until(TENANT, { name }, 'Ready', 'Ready');
    const ref = { namespace: `tenant-${name}`, name: 'main' };
    await apply(PHONE_NUMBER, ref, {
      spec: { search: { countryCode: 'US', areaCode: '702' }, routing: { workflow: 'lead' }, releasePolicy },
    });
    const number = await until(PHONE_NUMBER, ref, 'Ready', 'Ready');
    const dialled = String(number.status?.['number']);
    await admin.delete(TENANT, { name }, { propagation: 'Foreground' });
    await expect.poll(() => admin.get(TENANT, { name }), WAIT).toBeUndefined();
    expect(await admin.get(NAMESPACES, { name: ref.namespace })).toBeUndefined();
    expect([await didOf(dialled), await profileOf(tenant)]).toEqual([undefined, undefined]);
    expect(inventory().numbers.filter((one) => one.phone_number === dialled)).toHaveLength(numbers);
    const claim = await admin.get(CONFIG_MAPS, { namespace: SYSTEM, name: `number-${dialled.slice(1)}` });
    expect(claim === undefined ? 0 : 1).toBe(claims);
  });
});

test('a second operator waits for the lease and goes on with a greater term', async () => {
  const second = await startOperator({ waitForReady: false });
  const lease = () => admin.get<Shown>(LEASES, { namespace: SYSTEM, name: 'veralux-operator' });
  const before = await lease();
  expect(before?.spec?.['holderIdentity']).toBe(operator.identity);
  await operator.stop();
  operator = second;
  await expect.poll(async () => (await lease())?.spec?.['holderIdentity'], WAIT).toBe(second.identity);
  const terms = [before, await lease()].map((one) => Number(one?.spec?.['leaseTransitions']));
  expect(terms[1]).toBeGreaterThan(terms[0] ?? Number.POSITIVE_INFINITY);
  await applyTenant('op-after', {});
  await until(TENANT, { name: 'op-after' }, 'Ready', 'Ready');
});

interface RunningOperator {
  readonly identity: string;
  stop(): Promise<void>;
}

let started = 0;

async function startOperator({ waitForReady = true } = {}): Promise<RunningOperator> {
  started += 1;
  const identity = `test-${process.pid}-${started}`;
  const registry = createRegistry('operator');
  const client = new KubeClient({ config: accountConfig, userAgent: 'veralux-operator' });
  const connection = await connectRedis({ url: testRedis.url, name: identity, log: silentLogger });
  const running: Operator = createOperator({
    client,
    redis: connection,
    log: silentLogger,
    registry,
    metrics: new EngineMetrics(registry),
    clock: systemClock,
    namespace: SYSTEM,
    identity,
    installationID: await ensureInstallationID(client, SYSTEM),
    makeCarrier: (apiKey) => new TelnyxCarrier({ apiKey, baseURL: telnyx.url }),
  });
  const failures: unknown[] = [];
  for (const service of running.services) await service.start((error) => failures.push(error));
  if (waitForReady) await vi.waitFor(() => expect(running.notReady()).toEqual([]), WAIT);
  return {
    identity,
    async stop() {
      await Promise.all(running.services.map(async (service) => service.drain?.()));
      for (const service of running.services.toReversed()) await service.stop();
      await disconnectRedis(connection);
      await client.close();
      expect(failures).toEqual([]);
    },
  };
}

function configOf(path: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromString(readFileSync(path, 'utf8'));
  return config;
}

/** A pod that reports for the next hour. */
async function reportPod(): Promise<void> {
  const runtime = `${RUNTIME.namespace}/${RUNTIME.name}`;
  const at = Date.now() + 3_600_000;
  const report = {
    pod: 'p',
    runtime,
    state: 'Serving',
    mediaURL: 'ws://127.0.0.1:1',
    slots: 5,
    calls: 0,
    at,
  };
  await redis.zadd(podKeys.runtimePods(runtime), at, 'p');
  await redis.hset(podKeys.pod(runtime, 'p'), PROJECTED_FIELDS.value, JSON.stringify(report));
}

async function apply(
  resource: Resource,
  ref: { name: string; namespace?: string },
  body: object,
): Promise<void> {
  await admin.apply(resource, { metadata: ref, ...body }, { fieldManager: 'test', force: true });
}

async function applyTenant(name: string, spec: object): Promise<void> {
  const workflows = [{ name: 'lead', fields: [] }];
  await apply(
    TENANT,
    { name },
    { spec: { displayName: name, plan: 'Free', runtimeRef: RUNTIME, workflows, ...spec } },
  );
}

/** Waits until the object's condition has this reason; the object as it is then. */
async function until(
  resource: Resource,
  ref: { name: string; namespace?: string },
  type: string,
  reason: string,
): Promise<Shown> {
  return vi.waitFor(async () => {
    const shown = await admin.get<Shown>(resource, ref);
    if (shown === undefined) throw new Error(`there is no ${resource.kind} ${ref.name}`);
    expect(conditionOf(shown, type), `${ref.name} ${type}`).toMatchObject({ reason });
    return shown;
  }, WAIT);
}

function conditionOf(object: Shown, type: string): Condition | undefined {
  return object.status?.conditions?.find((condition) => condition.type === type);
}

async function valueOf(key: string): Promise<unknown> {
  const text = await redis.hget(key, PROJECTED_FIELDS.value);
  return text === null ? undefined : JSON.parse(text);
}

function profileOf(tenant: Shown | undefined): Promise<unknown> {
  return valueOf(projectionKeys.tenant(String(tenant?.status?.['tenantID'])));
}

function didOf(number: string): Promise<unknown> {
  return valueOf(projectionKeys.did(number));
}

interface Inventory {
  readonly numbers: readonly { readonly phone_number: string; readonly connection_id?: string }[];
  readonly orders: readonly { readonly customer_reference?: string }[];
}

function inventory(): Inventory {
  return telnyx.control.inventory() as Inventory;
}

function ordersFor(ref: { namespace: string; name: string }) {
  const end = `/${ref.namespace}/${ref.name}`;
  return inventory().orders.filter((order) => order.customer_reference?.endsWith(end));
}
