import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { retainedName } from '#crds/tenant/kept-data.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { VOICE_RUNTIME } from '#crds/voice-runtime/voice-runtime.ts';
import {
  conditionOf,
  OperatorBench,
  RUNTIME,
  type RunningOperator,
  type Shown,
  SYSTEM,
  WAIT,
} from '#hack/testing/operator-bench.ts';
import { TenantBench } from '#hack/testing/tenant-bench.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS, NAMESPACES, SECRETS } from '#lib/kube/resource.ts';

/** Generated and shared Secrets in tenants' namespaces, and ids with kept rows. */
let bench: OperatorBench;
let admin: KubeClient;
let operator: RunningOperator;
let tenants: TenantBench;

beforeAll(async () => {
  bench = await OperatorBench.open();
  admin = bench.admin;
  tenants = new TenantBench(bench);
  // What these forbid can still happen: from before them, or while they are being changed.
  for (const policy of ['veralux-copied-secrets', 'veralux-records']) {
    await bench.cluster.kubectl('delete', 'validatingadmissionpolicybinding', policy);
  }
  operator = await bench.startOperator();
  await bench.until(VOICE_RUNTIME, RUNTIME, 'Ready', 'Ready');
});

afterAll(async () => {
  await operator.stop();
  await bench.close();
});

describe('secrets', () => {
  test('are rotated on request, and the previous one stays for a while', async () => {
    const name = 'ch-rotate';
    const namespace = await tenants.make(name);
    const first = await tenants.dataOf(namespace, 'tenant-keys');
    const annotations = { 'veralux.io/rotate-secrets': 'today' };
    await admin.mergePatch(TENANT, { name }, { metadata: { annotations } }, { fieldManager: 'test' });
    await vi.waitFor(async () => {
      const second = await tenants.dataOf(namespace, 'tenant-keys');
      expect(second?.['previousWebhookSecret']).toBe(first?.['webhookSecret']);
      expect(second?.['webhookSecret']).not.toBe(first?.['webhookSecret']);
    }, WAIT);
    await vi.waitFor(async () => {
      const tenant = await admin.get<Shown>(TENANT, { name });
      expect(tenant?.status?.['secrets']).toMatchObject({ generation: 2, rotationRequest: 'today' });
      expect((await tenants.eventsOn(name)).join()).toContain('SecretsRotated');
      expect((await tenants.eventsOn(name)).join()).not.toContain('ChildCorrected');
    }, WAIT);
  });

  test('stay of their generation when a Tenant comes back without its status', async () => {
    const name = 'ch-restored';
    const namespace = await tenants.make(name);
    const annotations = { 'veralux.io/rotate-secrets': 'today' };
    await admin.mergePatch(TENANT, { name }, { metadata: { annotations } }, { fieldManager: 'test' });
    const generation = async () => {
      const { secrets } = (await admin.get<Shown>(TENANT, { name }))?.status ?? {};
      return (secrets as { generation?: number } | undefined)?.generation;
    };
    await vi.waitFor(async () => expect(await generation()).toBe(2), WAIT);
    const before = await tenants.dataOf(namespace, 'tenant-keys');
    // As a backup brings it back: the Secret is there, and of the status nothing that matters.
    await operator.stop();
    const itself = new KubeClient({ config: bench.account, userAgent: 'test' });
    const manager = { fieldManager: 'veralux-operator' };
    await itself.patchStatus(TENANT, { name }, { observedGeneration: 0 }, manager);
    await itself.close();
    expect(await generation()).toBeUndefined();
    operator = await bench.startOperator();
    await vi.waitFor(async () => expect(await generation()).toBe(2), WAIT);
    expect(await tenants.dataOf(namespace, 'tenant-keys')).toEqual(before);
  });

  test('that are shared are copied, follow their source, and go with it', async () => {
    const namespace = await tenants.make('ch-shared');
    const value = async (secret: string) => {
      const token = (await tenants.dataOf(namespace, secret))?.['token'];
      return token === undefined ? undefined : Buffer.from(token, 'base64').toString();
    };
    await tenants.share('ch-crm', 'one');
    await vi.waitFor(async () => expect(await value('ch-crm')).toBe('one'), WAIT);
    await tenants.share('ch-crm', 'two');
    await vi.waitFor(async () => expect(await value('ch-crm')).toBe('two'), WAIT);
    const labels = { 'veralux.io/copy-to-tenants': null };
    await admin.mergePatch(
      SECRETS,
      { namespace: SYSTEM, name: 'ch-crm' },
      { metadata: { labels } },
      { fieldManager: 'test' },
    );
    await vi.waitFor(async () => expect(await value('ch-crm')).toBeUndefined(), WAIT);

    await tenants.share('ch-lost', 'three');
    await vi.waitFor(async () => expect(await value('ch-lost')).toBe('three'), WAIT);
    await operator.stop();
    await admin.delete(SECRETS, { namespace: SYSTEM, name: 'ch-lost' });
    operator = await bench.startOperator();
    await vi.waitFor(async () => expect(await value('ch-lost')).toBeUndefined(), WAIT);
    expect(await tenants.dataOf(namespace, 'tenant-keys')).toBeDefined();
  });

  test.each([
    ['operator-test', {}, 'a VoiceRuntime works with it'],
    ['ch-stripe-key', {}, 'looks like a credential of the platform'],
    ['ch-plain', { stringData: { JWT_SECRET: 'x' } }, 'JWT_SECRET looks like a credential'],
    ['tenant-keys', {}, 'a tenant’s namespace has one of its own'],
  ])('of the platform are not copied: %s', async (secret, more, why) => {
    const namespace = await tenants.make('ch-refused');
    const before = await tenants.dataOf(namespace, secret);
    await tenants.share(secret, 'leak', more);
    await vi.waitFor(async () => expect((await tenants.eventsOn(secret)).join()).toContain(why), WAIT);
    await tenants.make(`ch-after-${secret}`);
    expect(await tenants.dataOf(namespace, secret)).toEqual(before);
    if (secret !== 'tenant-keys')
      expect(await tenants.dataOf(`tenant-ch-after-${secret}`, secret)).toBeUndefined();
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
  const namespace = await tenants.make(name);
  const taken = { namespace, name: 'ch-vendor' };
  await admin.apply(
    SECRETS,
    { metadata: taken, stringData: { token: 'mine' } },
    { fieldManager: 'somebody' },
  );
  await tenants.share('ch-vendor', 'theirs');
  const tenant = await bench.until(TENANT, { name }, 'NamespaceReady', 'ChildTaken');
  expect(conditionOf(tenant, 'NamespaceReady')?.message).toContain(`Secret ${namespace}/ch-vendor exists`);
  expect((await tenants.dataOf(namespace, 'ch-vendor'))?.['token']).toBe(
    Buffer.from('mine').toString('base64'),
  );
  await admin.delete(SECRETS, taken);
  await admin.delete(SECRETS, { namespace: SYSTEM, name: 'ch-vendor' });
  await bench.until(TENANT, { name }, 'NamespaceReady', 'NamespaceReady');
});
