import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
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
import { flushAll } from '#hack/testing/redis-topology.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { EVENTS, LEASES, NAMESPACES, SERVICE_ACCOUNTS } from '#lib/kube/resource.ts';

/** The operator with the rights that are shipped, a real API server, Redis, and Telnyx's stand-in. */
let bench: OperatorBench;
let admin: KubeClient;
let operator: RunningOperator | undefined;

beforeAll(async () => {
  bench = await OperatorBench.open(makeWhatPoliciesRefuse);
  admin = bench.admin;
  operator = await bench.startOperator();
  await bench.until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready');
});

afterAll(async () => {
  await operator?.stop();
  await bench.close();
});

/** What can still stand in a cluster, from before the admission policies. */
async function makeWhatPoliciesRefuse(admin: KubeClient): Promise<void> {
  for (const name of ['tenant-op-foreign', 'op-elsewhere']) {
    await admin.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  const apiVersion = 'veralux.io/v1alpha1';
  await admin.create(PHONE_NUMBER, {
    apiVersion,
    kind: 'PhoneNumber',
    metadata: { namespace: 'default', name: 'op-stray' },
    spec: { number: '+13035550143' },
  });
  await admin.create(VOICE_RUNTIME, {
    apiVersion,
    kind: 'VoiceRuntime',
    metadata: { namespace: 'op-elsewhere', name: 'stray' },
    spec: externalRuntimeSpec('stray'),
  });
}

describe('a Tenant', () => {
  test.concurrent('gets a namespace, a service account and a profile, and becomes Ready', async () => {
    await bench.applyTenant('op-plain', {});
    const tenant = await bench.until(TENANT, { name: 'op-plain' }, 'Ready', 'Ready');
    expect(tenant.status).toMatchObject({ namespace: 'tenant-op-plain', limits: { phoneNumbers: 1 } });
    const namespace = await admin.get(NAMESPACES, { name: 'tenant-op-plain' });
    expect(namespace?.metadata.labels).toMatchObject({
      'veralux.io/tenant': 'op-plain',
      'veralux.io/tenant-id': tenant.status?.['tenantID'],
    });
    expect(namespace?.metadata.ownerReferences).toBeUndefined();
    expect(await admin.get(SERVICE_ACCOUNTS, { namespace: 'tenant-op-plain', name: 'tenant' })).toBeDefined();
    expect(await bench.profileOf(tenant)).toMatchObject({ name: 'op-plain', plan: 'Free' });
  });

  test.concurrent('shows a change of its spec to the phone path', async () => {
    await bench.applyTenant('op-change', {});
    await bench.until(TENANT, { name: 'op-change' }, 'Ready', 'Ready');
    await bench.applyTenant('op-change', { displayName: 'Another name' });
    const tenant = await admin.get<Shown>(TENANT, { name: 'op-change' });
    await vi.waitFor(
      async () => expect(await bench.profileOf(tenant)).toMatchObject({ displayName: 'Another name' }),
      WAIT,
    );
  });

  test.concurrent('does not take over a namespace of that name, and is served when it is gone', async () => {
    await bench.applyTenant('op-foreign', {});
    await bench.until(TENANT, { name: 'op-foreign' }, 'NamespaceReady', 'NamespaceTaken');
    expect((await admin.get(NAMESPACES, { name: 'tenant-op-foreign' }))?.metadata.labels).not.toHaveProperty(
      'veralux.io/tenant',
    );
    await admin.delete(NAMESPACES, { name: 'tenant-op-foreign' });
    await bench.until(TENANT, { name: 'op-foreign' }, 'Ready', 'Ready');
  });

  test.concurrent('with the id of another is refused until that one is gone', async () => {
    const tenantID = '11111111-2222-4333-8444-555555555555';
    await bench.applyTenant('op-first', { tenantID });
    await bench.until(TENANT, { name: 'op-first' }, 'Ready', 'Ready');
    await bench.applyTenant('op-second', { tenantID });
    await bench.until(TENANT, { name: 'op-second' }, 'Ready', 'IdTaken');
    expect(await admin.get(NAMESPACES, { name: 'tenant-op-second' })).toBeUndefined();
    await admin.delete(TENANT, { name: 'op-first' });
    await bench.until(TENANT, { name: 'op-second' }, 'Ready', 'Ready');
    expect(await bench.profileOf(await admin.get<Shown>(TENANT, { name: 'op-second' }))).toMatchObject({
      name: 'op-second',
    });
  });

  test.concurrent('names the fields that nothing acts on yet', async () => {
    await bench.applyTenant('op-unserved', { language: 'nl-NL' });
    const tenant = await bench.until(TENANT, { name: 'op-unserved' }, 'Served', 'NotServedYet');
    expect(conditionOf(tenant, 'Served')?.message).toContain('spec.language');
  });

  test('has what people change by hand put back', async () => {
    await bench.applyTenant('op-edited', {});
    const tenant = await bench.until(TENANT, { name: 'op-edited' }, 'Ready', 'Ready');
    const namespace = 'tenant-op-edited';
    await admin.delete(SERVICE_ACCOUNTS, { namespace, name: 'tenant' });
    await vi.waitFor(
      async () => expect(await admin.get(SERVICE_ACCOUNTS, { namespace, name: 'tenant' })).toBeDefined(),
      WAIT,
    );
    // Redis is emptied: everything is there again.
    await flushAll(bench.redis);
    await bench.reportPod();
    await vi.waitFor(
      async () => expect(await bench.profileOf(tenant)).toMatchObject({ name: 'op-edited' }),
      WAIT,
    );
  });
});

test.concurrent('a VoiceRuntime outside platform namespaces is left alone until its namespace is one', async () => {
  const ref = { namespace: 'op-elsewhere', name: 'stray' };
  const stray = await bench.until(VOICE_RUNTIME, ref, 'Ready', 'InvalidSpec');
  expect(conditionOf(stray, 'Ready')?.message).toContain('veralux.io/platform=true');
  const labels = { 'veralux.io/platform': 'true' };
  await admin.mergePatch(
    NAMESPACES,
    { name: ref.namespace },
    { metadata: { labels } },
    { fieldManager: 'a' },
  );
  await bench.until(VOICE_RUNTIME, ref, 'Available', 'NoPods');
});

describe('a PhoneNumber', () => {
  test('is bought, assigned and mapped, once, although the reply to the order is lost', async () => {
    await bench.applyTenant('op-lost', {});
    await bench.until(TENANT, { name: 'op-lost' }, 'Ready', 'Ready');
    bench.telnyx.control.faults.add({ at: 'POST /v2/number_orders', fault: { kind: 'loseReply' } });
    const ref = { namespace: 'tenant-op-lost', name: 'main' };
    await bench.apply(PHONE_NUMBER, ref, {
      spec: { search: { countryCode: 'US', areaCode: '415' }, routing: { workflow: 'lead' } },
    });
    const number = await bench.until(PHONE_NUMBER, ref, 'Ready', 'Ready');
    const dialled = String(number.status?.['number']);
    expect(dialled).toMatch(/^\+1415/);
    expect(bench.ordersFor(ref)).toHaveLength(1);
    const events = await admin.list<KubeObject & { reason: string }>(EVENTS, { namespace: ref.namespace });
    expect(events.items.map(({ reason }) => reason)).toContain('CarrierUnavailable');
    expect(await bench.didOf(dialled)).toMatchObject({ number: dialled, workflow: 'lead' });
    const runtime = await admin.get<Shown>(VOICE_RUNTIME, RUNTIME);
    const owned = bench.inventory().numbers.find((one) => one.phone_number === dialled);
    expect(owned?.connection_id).toBe(runtime?.status?.['connectionID']);
  });

  test('is not bought again by an operator that starts while the order is under way', async () => {
    await bench.applyTenant('op-restart', {});
    await bench.until(TENANT, { name: 'op-restart' }, 'Ready', 'Ready');
    bench.telnyx.control.change({ orderDelayMs: 3_000 });
    const ref = { namespace: 'tenant-op-restart', name: 'main' };
    await bench.apply(PHONE_NUMBER, ref, {
      spec: { search: { countryCode: 'US', areaCode: '206' }, routing: { workflow: 'lead' } },
    });
    await vi.waitFor(() => expect(bench.ordersFor(ref)).toHaveLength(1), WAIT);
    await operator?.stop();
    bench.telnyx.control.change({ orderDelayMs: 200 });
    operator = await bench.startOperator();
    await bench.until(PHONE_NUMBER, ref, 'Ready', 'Ready');
    expect(bench.ordersFor(ref)).toHaveLength(1);
  });

  test.concurrent('that another tenant holds is refused, also when both ask at once', async () => {
    await bench.applyTenant('op-claim-a', {});
    await bench.applyTenant('op-claim-b', {});
    await bench.until(TENANT, { name: 'op-claim-a' }, 'Ready', 'Ready');
    await bench.until(TENANT, { name: 'op-claim-b' }, 'Ready', 'Ready');
    const refs = ['a', 'b'].map((which) => ({ namespace: `tenant-op-claim-${which}`, name: 'main' }));
    await Promise.all(
      refs.map((ref) => bench.apply(PHONE_NUMBER, ref, { spec: { number: '+13035550142' } })),
    );
    const reasons = async () => {
      const numbers = await Promise.all(refs.map((ref) => admin.get<Shown>(PHONE_NUMBER, ref)));
      return numbers.map((number) => number && conditionOf(number, 'Purchased')?.reason);
    };
    await vi.waitFor(
      async () => expect(new Set(await reasons())).toEqual(new Set(['NumberClaimed', 'Owned'])),
      WAIT,
    );
    expect(refs.flatMap((ref) => bench.ordersFor(ref))).toHaveLength(1);
  });

  test.concurrent('without routing is owned and not answered, and becomes answered', async () => {
    await bench.applyTenant('op-route', {});
    await bench.until(TENANT, { name: 'op-route' }, 'Ready', 'Ready');
    const ref = { namespace: 'tenant-op-route', name: 'main' };
    const search = { countryCode: 'US', areaCode: '512' };
    await bench.apply(PHONE_NUMBER, ref, { spec: { search } });
    const number = await bench.until(PHONE_NUMBER, ref, 'Ready', 'Ready');
    const dialled = String(number.status?.['number']);
    expect([conditionOf(number, 'Routed')?.reason, await bench.didOf(dialled)]).toEqual([
      'NotRouted',
      undefined,
    ]);
    await bench.apply(PHONE_NUMBER, ref, { spec: { search, routing: { workflow: 'lead' } } });
    await vi.waitFor(
      async () => expect(await bench.didOf(dialled)).toMatchObject({ workflow: 'lead' }),
      WAIT,
    );
  });

  test.concurrent('above the limit waits for its place, whatever its name is', async () => {
    await bench.applyTenant('op-limit', {});
    await bench.until(TENANT, { name: 'op-limit' }, 'Ready', 'Ready');
    const first = { namespace: 'tenant-op-limit', name: 'main' };
    const second = { namespace: 'tenant-op-limit', name: 'front' };
    const spec = { search: { countryCode: 'US', areaCode: '617' }, releasePolicy: 'Release' };
    await bench.apply(PHONE_NUMBER, first, { spec });
    await bench.apply(PHONE_NUMBER, second, { spec });
    await bench.until(PHONE_NUMBER, first, 'Ready', 'Ready');
    await bench.until(PHONE_NUMBER, second, 'Purchased', 'LimitReached');
    expect(bench.ordersFor(second)).toHaveLength(0);
    await admin.delete(PHONE_NUMBER, first);
    await bench.until(PHONE_NUMBER, second, 'Ready', 'Ready');
  });

  test.concurrent('outside a tenant’s namespace says so', async () => {
    const ref = { namespace: 'default', name: 'op-stray' };
    await bench.until(PHONE_NUMBER, ref, 'Purchased', 'TenantNotReady');
    await admin.delete(PHONE_NUMBER, ref);
    await vi.waitFor(async () => expect(await admin.get(PHONE_NUMBER, ref)).toBeUndefined(), WAIT);
  });
});

test('a second operator waits for the lease and goes on with a greater term', async () => {
  const second = await bench.startOperator({ waitForReady: false });
  const lease = () => admin.get<Shown>(LEASES, { namespace: SYSTEM, name: 'veralux-operator' });
  const before = await lease();
  expect(before?.spec?.['holderIdentity']).toBe(operator?.identity);
  await operator?.stop();
  operator = second;
  await vi.waitFor(async () => expect((await lease())?.spec?.['holderIdentity']).toBe(second.identity), WAIT);
  const terms = [before, await lease()].map((one) => Number(one?.spec?.['leaseTransitions']));
  expect(terms[1]).toBeGreaterThan(terms[0] ?? Number.POSITIVE_INFINITY);
  await bench.applyTenant('op-after', {});
  await bench.until(TENANT, { name: 'op-after' }, 'Ready', 'Ready');
});
