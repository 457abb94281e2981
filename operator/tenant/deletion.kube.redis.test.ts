import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { callKeys, projectionKeys } from '#crds/projection/keys.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import { startDataRecorder } from '#hack/testing/data-recorder.ts';
import { FaultyProxy } from '#hack/testing/faulty-proxy.ts';
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
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS, NAMESPACES } from '#lib/kube/resource.ts';

/** The end of Tenants, also while something that it needs is away. */
let bench: OperatorBench;
let admin: KubeClient;
let proxy: FaultyProxy;
let operator: RunningOperator;

beforeAll(async () => {
  bench = await OperatorBench.open();
  admin = bench.admin;
  proxy = await FaultyProxy.start(bench.account);
  operator = await start();
  await bench.until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready');
});

afterAll(async () => {
  await operator.stop();
  await proxy.close();
  await bench.close();
});

const start = () => bench.startOperator({ config: proxy.kubeConfig(bench.account) });

async function makeTenant(name: string, spec: object = {}): Promise<Shown> {
  await bench.applyTenant(name, spec);
  return bench.until(TENANT, { name }, 'Ready', 'Ready');
}

async function untilGone(name: string): Promise<void> {
  await vi.waitFor(async () => {
    const rest = await admin.get<Shown>(TENANT, { name });
    expect(rest && conditionOf(rest, 'Ready')?.message).toBeUndefined();
  }, WAIT);
  expect(await admin.get(NAMESPACES, { name: `tenant-${name}` })).toBeUndefined();
}

/** Waits until the condition of a Tenant that ends says this. */
async function untilItSays(name: string, words: string): Promise<Shown> {
  return vi.waitFor(async () => {
    const tenant = await admin.get<Shown>(TENANT, { name });
    expect(tenant && conditionOf(tenant, 'Ready')?.message).toContain(words);
    if (tenant === undefined) throw new Error(`${name} is gone`);
    return tenant;
  }, WAIT);
}

function idOf(tenant: Shown): string {
  return String(tenant.status?.['tenantID']);
}

test('waits for calls in progress, which no new ones follow, and says how many', async () => {
  const name = 'del-calls';
  const tenant = await makeTenant(name);
  const [leases, treated] = [callKeys.leases(idOf(tenant)), callKeys.treated(idOf(tenant))];
  await bench.redis.zadd(leases, Date.now() + 3_600_000, 'call-1', 1, 'long ago');
  await bench.redis.zadd(treated, Date.now() + 3_600_000, 'call-2');
  await admin.delete(TENANT, { name });
  const waiting = await untilItSays(name, '2 calls in progress may end');
  expect(conditionOf(waiting, 'ProfileProjected')).toMatchObject({ status: 'False', reason: 'Withdrawn' });
  expect(await bench.profileOf(tenant)).toBeUndefined();
  const profile = projectionKeys.tenant(idOf(tenant));
  expect(await bench.redis.hget(profile, 'removed')).toContain(`"name":"${name}"`);
  expect(await admin.get(NAMESPACES, { name: `tenant-${name}` })).toBeDefined();
  await bench.redis.zrem(leases, 'call-1');
  await untilItSays(name, '1 call in progress may end');
  await bench.redis.zrem(treated, 'call-2');
  await untilGone(name);
  expect(await bench.redis.hkeys(profile)).not.toContain('removed');
});

test('waits for a call no longer than one may last, also of a runtime that lost count', async () => {
  const name = 'del-long-call';
  const ref = { namespace: SYSTEM, name: 'short-calls' };
  const spec = { ...externalRuntimeSpec(ref.name), maxCallDurationSeconds: 60 };
  await bench.apply(VOICE_RUNTIME, ref, { spec });
  await bench.applyTenant(name, { runtimeRef: ref });
  const tenant = await bench.until(TENANT, { name }, 'NamespaceReady', 'NamespaceReady');
  await bench.redis.zadd(callKeys.leases(idOf(tenant)), Date.now() + 3_600_000, 'lost');
  await admin.delete(TENANT, { name });
  const waiting = await untilItSays(name, '1 call in progress may end');
  const until = /At (\S+) the longest/.exec(conditionOf(waiting, 'Ready')?.message ?? '')?.[1] ?? '';
  const lastsMs = Date.parse(until) - Date.parse(waiting.metadata.deletionTimestamp ?? '');
  expect(lastsMs).toBe(60_000);
  await bench.redis.del(callKeys.leases(idOf(tenant)));
  await untilGone(name);
});

test('ends when it is asked twice, in the foreground, and while its runtime is gone', async () => {
  const name = 'del-twice';
  const ref = { namespace: SYSTEM, name: 'del-runtime' };
  await bench.apply(VOICE_RUNTIME, ref, { spec: externalRuntimeSpec(ref.name) });
  await bench.applyTenant(name, { runtimeRef: ref });
  await bench.until(TENANT, { name }, 'NamespaceReady', 'NamespaceReady');
  await admin.delete(VOICE_RUNTIME, ref);
  await admin.delete(TENANT, { name }, { propagation: 'Foreground' });
  await admin.delete(TENANT, { name });
  await untilGone(name);
});

test('of a namespace with somebody’s finalizer in it says whose', async () => {
  const name = 'del-stuck';
  await makeTenant(name);
  const ref = { namespace: `tenant-${name}`, name: 'theirs' };
  const metadata = { ...ref, finalizers: ['example.org/keep'] };
  await admin.create<KubeObject>(CONFIG_MAPS, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  await admin.delete(TENANT, { name });
  const stuck = await untilItSays(name, 'example.org/keep in 1 resource instances');
  expect(conditionOf(stuck, 'Ready')?.message).toContain('configmaps. has 1 resource instances');
  expect(conditionOf(stuck, 'NamespaceReady')).toMatchObject({ reason: 'NamespaceTerminating' });
  expect(await bench.cluster.kubectl('describe', 'tenant', name)).toContain('example.org/keep');
  const patch = { metadata: { finalizers: [] } };
  await admin.mergePatch(CONFIG_MAPS, ref, patch, { fieldManager: 'test' });
  await untilGone(name);
});

test('goes on after the namespace was deleted by hand first, and after the operator was down', async () => {
  const name = 'del-by-hand';
  await makeTenant(name);
  await operator.stop();
  await admin.delete(TENANT, { name });
  const annotations = { 'veralux.io/allow-delete': 'true' };
  const namespace = { name: `tenant-${name}` };
  await admin.mergePatch(NAMESPACES, namespace, { metadata: { annotations } }, { fieldManager: 'test' });
  await admin.delete(NAMESPACES, namespace);
  operator = await start();
  await untilGone(name);
});

test('goes on after Kubernetes’ API server was away for the operator', async () => {
  const name = 'del-no-kube';
  await makeTenant(name);
  const revive = proxy.rules.add({ fault: { kind: 'drop' }, watch: false, times: 1_000_000 });
  await admin.delete(TENANT, { name });
  await vi.waitFor(
    () => expect(proxy.seen.filter(({ status }) => status === 0).length).toBeGreaterThan(3),
    WAIT,
  );
  revive();
  await untilGone(name);
});

test('goes on after Redis was away, and was emptied', async () => {
  const name = 'del-no-redis';
  const tenant = await makeTenant(name);
  await bench.testRedis.restartEmpty();
  await admin.delete(TENANT, { name });
  await untilGone(name);
  await vi.waitFor(async () => expect(await bench.profileOf(tenant)).toBeUndefined(), WAIT);
  await bench.reportPod();
});

test('says that the API server has yet to record what becomes of the rows', async () => {
  const name = 'del-no-api';
  await makeTenant(name);
  await bench.recorder.stop();
  await admin.delete(TENANT, { name });
  await untilItSays(name, 'keeps its calls, leads and usage');
  await vi.waitFor(async () => {
    const waiting = await admin.get(TENANT, { name });
    expect(waiting?.metadata.finalizers).toEqual(['veralux.io/data']);
  }, WAIT);
  const recorder = await startDataRecorder(bench.apiserver);
  await untilGone(name);
  await recorder.stop();
});

test('of a Tenant that was refused ends at once, and takes nothing of the one that holds its id', async () => {
  const tenantID = '11111111-2222-4333-8444-777777777777';
  const holder = await makeTenant('del-holder', { tenantID });
  await bench.applyTenant('del-rival', { tenantID });
  await bench.until(TENANT, { name: 'del-rival' }, 'Ready', 'IdTaken');
  const leases = callKeys.leases(tenantID);
  await bench.redis.zadd(leases, Date.now() + 3_600_000, 'call-1');
  await admin.delete(TENANT, { name: 'del-rival' });
  await untilGone('del-rival');
  expect(await bench.profileOf(holder)).toMatchObject({ name: 'del-holder' });
  await bench.redis.del(leases);
});
