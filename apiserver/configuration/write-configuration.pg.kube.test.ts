import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { notificationsSchema } from '#crds/tenant/call-handling.ts';
import type { TenantSpec } from '#crds/tenant/tenant.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { testCluster } from '#hack/testing/cluster.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { type TestTenant, TestTenants } from '../testing/test-tenants.ts';
import {
  InvalidConfiguration,
  ManagedElsewhere,
  TenantNotReady,
  WriteContended,
} from './configuration-error.ts';
import type { PartValues } from './live-tenant.ts';
import { ownedFields } from './managed-fields.ts';
import { type WriteDeps, writeConfiguration } from './write-configuration.ts';

describe('writing the configuration of a tenant', () => {
  let database: MigratedDatabase;
  let tenants: TestTenants;
  let tenant: TestTenant;
  let replica: WriteDeps;
  const author = { kind: 'Person', id: randomUUID() } as const;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    tenants = new TestTenants(database, 'write');
    replica = tenants.replica();
  });
  beforeEach(async () => {
    tenant = await tenants.make({ assistant: { greeting: 'Hello.', persona: 'Warm.' } });
  });
  afterAll(async () => {
    await tenants.close();
    await database.drop();
  });

  function write(change: (spec: TenantSpec) => PartValues, deps = replica): Promise<TenantSpec> {
    return writeConfiguration(deps, { ...tenant, author, change });
  }

  const greet = (greeting: string) => (spec: TenantSpec) => ({ assistant: { ...spec.assistant, greeting } });

  test('changes the part and nothing else, also what other managers own', async () => {
    const owner = { fieldManager: 'veralux-billing', force: true };
    await tenants.kube.apply(TENANT, { metadata: { name: tenant.name }, spec: { plan: 'Starter' } }, owner);
    const before = await tenants.spec(tenant);
    const written = await write(greet('Good day.'));
    expect(written).toEqual({ ...before, assistant: { ...before.assistant, greeting: 'Good day.' } });
    expect(await tenants.spec(tenant)).toEqual(written);
  });

  test('removes what a new value leaves out, and an optional part as a whole', async () => {
    await write((spec) => {
      const { persona: _persona, ...assistant } = spec.assistant;
      return { assistant, notifications: notificationsSchema.parse({ emails: ['a@example.com'] }) };
    });
    expect((await tenants.spec(tenant)).assistant.persona).toBeUndefined();
    await write(() => ({ notifications: undefined }));
    expect(await tenants.spec(tenant)).not.toHaveProperty('notifications');
  });

  test('keeps lists in the order that was written', async () => {
    const target = (name: string) => ({ name, mode: 'Cold' as const, number: '+13125550142' });
    for (const order of [
      ['a', 'b', 'c'],
      ['c', 'a', 'b'],
      ['b', 'c'],
    ]) {
      await write(() => ({ transferTargets: order.map(target) }));
      expect((await tenants.spec(tenant)).transferTargets.map(({ name }) => name)).toEqual(order);
    }
  });

  test('writes nothing where nothing differs', async () => {
    const before = await tenants.live(tenant);
    await write((spec) => ({ assistant: spec.assistant, tools: spec.tools }));
    expect((await tenants.live(tenant)).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
  });

  test('refuses a field of a GitOps controller by its name, and leaves everything as it was', async () => {
    const spec = { assistant: { greeting: 'From git.' } };
    const gitOps = { fieldManager: 'argocd-controller', force: true };
    await tenants.kube.apply(TENANT, { metadata: { name: tenant.name }, spec }, gitOps);
    const before = await tenants.live(tenant);
    const refused = write((now) => ({
      ...greet('Mine.')(now),
      recording: { enabled: true, retentionDays: 7 },
    }));
    await expect(refused).rejects.toThrow(ManagedElsewhere);
    await expect(refused).rejects.toMatchObject({
      conflicts: [{ manager: 'argocd-controller', field: 'assistant.greeting' }],
    });
    expect(await tenants.live(tenant)).toEqual(before);
    // What is beside it in the same part is ours to write, and the controller still owns its own alone.
    await write((now) => ({ assistant: { ...now.assistant, persona: 'Terse.' } }));
    await tenants.kube.apply(TENANT, { metadata: { name: tenant.name }, spec: {} }, gitOps);
    expect((await tenants.spec(tenant)).assistant).toMatchObject({
      greeting: 'Thank you for calling {company}.',
      persona: 'Terse.',
    });
  });

  test('refuses what a manifest states that is applied by kubectl, and takes the defaults beside it', async () => {
    const manifest = { apiVersion: 'veralux.io/v1alpha1', kind: 'Tenant', metadata: { name: tenant.name } };
    await tenants.kube.delete(TENANT, tenant);
    const spec = { tenantID: tenant.tenantID, displayName: 'Acme', assistant: { greeting: 'Stated.' } };
    await testCluster().kubectlWithInput(JSON.stringify({ ...manifest, spec }), 'apply', '-f', '-');
    await expect(write(greet('Mine.'))).rejects.toMatchObject({
      conflicts: [{ manager: 'kubectl-client-side-apply', field: 'assistant.greeting' }],
    });
    await write((now) => ({ assistant: { ...now.assistant, temperature: '1.0' } }));
    await testCluster().kubectlWithInput(JSON.stringify({ ...manifest, spec }), 'apply', '-f', '-');
    expect((await tenants.spec(tenant)).assistant).toMatchObject({ greeting: 'Stated.', temperature: '1.0' });
  });

  test('takes over what kubectl patched, also to remove it, and says so in the revision', async () => {
    await tenants.kubectlPatch(tenant, {
      assistant: { greeting: 'Patched.', model: 'llama' },
      limits: { phoneNumbers: 3 },
    });
    await write((spec) => {
      const { model: _model, ...assistant } = spec.assistant;
      return { assistant: { ...assistant, greeting: 'Ours.' } };
    });
    const live = await tenants.live(tenant);
    expect(live.spec.assistant).toMatchObject({ greeting: 'Ours.' });
    expect(live.spec.assistant).not.toHaveProperty('model');
    const managedFields = live.metadata['managedFields'] as Parameters<typeof ownedFields>[0][];
    const patched = managedFields.filter(({ manager }) => manager === 'kubectl-patch');
    expect(patched.flatMap((entry) => [...ownedFields(entry)])).toContain('f:limits\nf:phoneNumbers');
    expect(patched.flatMap((entry) => [...ownedFields(entry)]).join()).not.toContain('f:assistant');
    const [revision] = await revisions();
    expect(revision).toMatchObject({
      managers: ['veralux-config'],
      changed: ['assistant.greeting', 'assistant.model'],
      takeovers: [{ manager: 'kubectl-patch', fields: ['assistant.greeting', 'assistant.model'] }],
      author_kind: 'Person',
      author_id: author.id,
    });
  });

  test('owns what nobody is known to have set, and may then remove it', async () => {
    const forget = JSON.stringify([{ op: 'replace', path: '/metadata/managedFields', value: [{}] }]);
    await testCluster().kubectl('patch', 'tenant', tenant.name, '--type=json', '-p', forget);
    await write((spec) => {
      const { persona: _persona, ...assistant } = spec.assistant;
      return { assistant: { ...assistant, greeting: 'Ours.' } };
    });
    const { assistant } = await tenants.spec(tenant);
    expect(assistant).toMatchObject({ greeting: 'Ours.' });
    expect(assistant).not.toHaveProperty('persona');
  });

  test.each<[string, (spec: TenantSpec) => PartValues, string[]]>([
    [
      'a workflow that transfers to nobody',
      (spec) => ({
        workflows: [
          {
            name: 'x',
            enabled: true,
            fields: [],
            onComplete: { say: 'Bye.', action: 'Transfer', transferTarget: 'nobody' },
          },
        ],
        tools: spec.tools,
      }),
      ['a workflow transfers to a target that is not in transferTargets'],
    ],
  ])('refuses %s before the cluster is asked', async (_what, change, messages) => {
    const refused = write(change);
    await expect(refused).rejects.toThrow(InvalidConfiguration);
    await expect(refused).rejects.toMatchObject({ fields: messages.map((message) => ({ message })) });
  });

  test("names the field that the cluster's own schema refuses", async () => {
    // As where the cluster has a stricter release's schema: ours is not asked.
    const change = () => ({ recording: { enabled: true, retentionDays: 30 } });
    const kube = tenants.client();
    const spoilt: WriteDeps['kube'] = {
      get: kube.get.bind(kube),
      mergePatch: kube.mergePatch.bind(kube),
      apply: (resource, object, options) =>
        kube.apply(
          resource,
          { ...object, spec: { ...(object['spec'] as object), recording: { retentionDays: 0 } } },
          options,
        ),
    };
    await expect(write(change, { ...replica, kube: spoilt })).rejects.toMatchObject({
      fields: [
        { path: 'recording.retentionDays', message: expect.stringContaining('greater than or equal to 1') },
      ],
    });
  });

  test('is tried again as long as others write, and no more often than is bounded', async () => {
    let spoils = 3;
    const kube = tenants.client();
    const contended: WriteDeps['kube'] = {
      get: kube.get.bind(kube),
      mergePatch: kube.mergePatch.bind(kube),
      apply: async (resource, object, options) => {
        spoils -= 1;
        if (spoils >= 0) await tenants.kubectlPatch(tenant, { displayName: `Acme ${spoils}` });
        return kube.apply(resource, object, options);
      },
    };
    const clock = { ...replica.clock, sleep: async () => undefined };
    const deps = { ...replica, clock, kube: contended };
    expect(await write(greet('At last.'), deps)).toMatchObject({
      displayName: 'Acme 0',
      assistant: { greeting: 'At last.' },
    });
    spoils = 1_000;
    await expect(write(greet('Never.'), deps)).rejects.toThrow(WriteContended);
    expect(1_000 - spoils).toBe(12);
  });

  test("neither reads nor writes a Tenant that has taken over the tenant's name", async () => {
    await tenants.kube.delete(TENANT, tenant);
    await expect(write(greet('Gone.'))).rejects.toThrow(TenantNotReady);
    const other = { tenantID: randomUUID(), displayName: 'Other' };
    await tenants.kube.apply(TENANT, { metadata: { name: tenant.name }, spec: other }, { fieldManager: 'x' });
    await expect(write(greet('Stolen.'))).rejects.toThrow(TenantNotReady);
    expect((await tenants.spec(tenant)).displayName).toBe('Other');
  });

  function revisions(): Promise<object[]> {
    return database.worker.query(
      'SELECT * FROM tenant_revisions WHERE tenant_id = $1 ORDER BY generation DESC',
      [tenant.tenantID],
    );
  }
});
