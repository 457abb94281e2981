import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { projectionKeys } from '#crds/projection/keys.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import {
  conditionOf,
  OperatorBench,
  type RunningOperator,
  type Shown,
  SYSTEM,
  WAIT,
} from '#hack/testing/operator-bench.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { CONFIG_MAPS, NAMESPACES } from '#lib/kube/resource.ts';

/** Ends of Tenants and their numbers: the operator with the rights that are shipped, and real servers. */
let bench: OperatorBench;
let admin: KubeClient;
let operator: RunningOperator | undefined;

beforeAll(async () => {
  bench = await OperatorBench.open(makeForeignNamespace);
  admin = bench.admin;
  operator = await bench.startOperator();
});

afterAll(async () => {
  await operator?.stop();
  await bench.close();
});

/** From before the admission policies, which refuse it. */
async function makeForeignNamespace(cluster: KubeClient): Promise<void> {
  await cluster.create(NAMESPACES, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'tenant-op-guest' },
  });
}

describe('deletion', () => {
  test.concurrent('of a Tenant whose namespace is not its own leaves that, and no profile', async () => {
    const [name, namespace] = ['op-guest', 'tenant-op-guest'];
    await bench.applyTenant(name, {});
    await bench.until(TENANT, { name }, 'NamespaceReady', 'NamespaceTaken');
    const tenant = await admin.get<Shown>(TENANT, { name });
    expect(await bench.profileOf(tenant)).toBeDefined();
    await admin.delete(TENANT, { name });
    await vi.waitFor(async () => expect(await admin.get(TENANT, { name })).toBeUndefined(), WAIT);
    expect(await bench.profileOf(tenant)).toBeUndefined();
    expect(await admin.get(NAMESPACES, { name: namespace })).toBeDefined();
  });

  test.concurrent('of a Tenant says that Redis is in the way, and goes on when it is not', async () => {
    const name = 'op-redis-away';
    await bench.applyTenant(name, {});
    const tenant = await bench.until(TENANT, { name }, 'Ready', 'Ready');
    const key = projectionKeys.tenant(String(tenant.status?.['tenantID']));
    // A value of another type answers every write with an error.
    await bench.redis.set(key, 'in the way');
    await admin.delete(TENANT, { name });
    const stuck = await bench.until(TENANT, { name }, 'Ready', 'Deleting');
    expect(conditionOf(stuck, 'Ready')?.message).toContain('Redis could not be reached');
    await bench.redis.del(key);
    const annotations = { 'veralux.io/adopt-data': 'true' };
    await admin.mergePatch(TENANT, { name }, { metadata: { annotations } }, { fieldManager: 'somebody' });
    await vi.waitFor(async () => expect(await admin.get(TENANT, { name })).toBeUndefined(), WAIT);
  });

  test.concurrent.each([
    ['Release', 0, 0],
    ['Retain', 1, 1],
  ])('of a Tenant ends well; %s leaves %i numbers and %i claims', async (releasePolicy, numbers, claims) => {
    const name = `op-delete-${releasePolicy.toLowerCase()}`;
    await bench.applyTenant(name, {});
    const tenant = await bench.until(TENANT, { name }, 'Ready', 'Ready');
    const ref = { namespace: `tenant-${name}`, name: 'main' };
    await bench.apply(PHONE_NUMBER, ref, {
      spec: { search: { countryCode: 'US', areaCode: '702' }, routing: { workflow: 'lead' }, releasePolicy },
    });
    const number = await bench.until(PHONE_NUMBER, ref, 'Ready', 'Ready');
    const dialled = String(number.status?.['number']);
    await admin.delete(TENANT, { name }, { propagation: 'Foreground' });
    await vi.waitFor(async () => expect(await admin.get(TENANT, { name })).toBeUndefined(), WAIT);
    expect(await admin.get(NAMESPACES, { name: ref.namespace })).toBeUndefined();
    expect([await bench.didOf(dialled), await bench.profileOf(tenant)]).toEqual([undefined, undefined]);
    expect(bench.inventory().numbers.filter((one) => one.phone_number === dialled)).toHaveLength(numbers);
    const claim = await admin.get(CONFIG_MAPS, { namespace: SYSTEM, name: `number-${dialled.slice(1)}` });
    expect(claim === undefined ? 0 : 1).toBe(claims);
  });
});

test('a number that an earlier tenant of the same name kept is neither given nor released', async () => {
  const [name, ref] = ['op-reborn', { namespace: 'tenant-op-reborn', name: 'main' }];
  const search = { countryCode: 'US', areaCode: '808' };
  await bench.applyTenant(name, { tenantID: '11111111-2222-4333-8444-000000000001' });
  await bench.until(TENANT, { name }, 'Ready', 'Ready');
  await bench.apply(PHONE_NUMBER, ref, { spec: { search } });
  const dialled = (await bench.until(PHONE_NUMBER, ref, 'Ready', 'Ready')).status?.['number'];
  await admin.delete(TENANT, { name });
  await vi.waitFor(async () => expect(await admin.get(TENANT, { name })).toBeUndefined(), WAIT);

  await bench.applyTenant(name, { tenantID: '11111111-2222-4333-8444-000000000002' });
  await bench.until(TENANT, { name }, 'Ready', 'Ready');
  await bench.apply(PHONE_NUMBER, ref, { spec: { search, releasePolicy: 'Release' } });
  await bench.until(PHONE_NUMBER, ref, 'Purchased', 'NumberClaimed');
  await admin.delete(PHONE_NUMBER, ref);
  await vi.waitFor(async () => expect(await admin.get(PHONE_NUMBER, ref)).toBeUndefined(), WAIT);
  expect(bench.inventory().numbers.map((one) => one.phone_number)).toContain(dialled);
});
