import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TENANT } from '#crds/tenant/tenant.ts';
import { testCluster } from '#hack/testing/cluster.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { type ObservedTenant, observeTenant } from '../tenants/observed-tenant.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { type TestTenant, TestTenants } from '../testing/test-tenants.ts';
import { recordObserved } from './record-observed.ts';
import { writeConfiguration } from './write-configuration.ts';

interface Row {
  readonly generation: string;
  readonly managers: string[];
  readonly changed: string[];
  readonly author_id: string | null;
  readonly spec: { readonly assistant: { readonly greeting: string } };
}

describe('keeping what a Tenant was', () => {
  let database: MigratedDatabase;
  let tenants: TestTenants;
  let tenant: TestTenant;
  /** How often the cluster was asked. */
  let reads: number;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    tenants = new TestTenants(database, 'observed');
  });
  beforeEach(async () => {
    reads = 0;
    tenant = await tenants.make();
    await tenants.setStatus(tenant);
  });
  afterAll(async () => {
    await tenants.close();
    await database.drop();
  });

  /** As the follower does with what the informer told it of these. */
  async function observe(...seen: ObservedTenant[]): Promise<void> {
    const all = seen.length > 0 ? seen : [observeTenant(await tenants.live(tenant))];
    await recordObserved(
      {
        informer: { get: (name) => all.find(({ metadata }) => metadata.name === name) },
        kube: {
          get: (resource, ref) => {
            reads += 1;
            return tenants.kube.get(resource, ref);
          },
        },
        database: database.worker,
        recordTenants: async () => undefined,
        log: silentLogger,
      },
      all.map(({ metadata }) => metadata.name),
    );
  }

  async function revisions(): Promise<Row[]> {
    return database.worker.query<Row>(
      'SELECT * FROM tenant_revisions WHERE tenant_id = $1 ORDER BY generation',
      [tenant.tenantID],
    );
  }

  test('says which manager changed which fields, by whatever means', async () => {
    await observe();
    await tenants.kubectlPatch(tenant, { assistant: { greeting: 'Patched.' } });
    await observe();
    const gitOps = { fieldManager: 'argocd-controller', force: true };
    const spec = { assistant: { persona: 'Terse.' }, recording: { enabled: true } };
    await tenants.kube.apply(TENANT, { metadata: { name: tenant.name }, spec }, gitOps);
    await observe();
    await testCluster().kubectl('patch', 'tenant', tenant.name, '--type=json', '-p', REMOVE_GREETING);
    await observe();
    const rows = await revisions();
    expect(rows.map(({ managers }) => managers)).toEqual([
      ['veralux-config'],
      ['kubectl-patch'],
      ['argocd-controller'],
      [expect.any(String)],
    ]);
    expect(rows.slice(1).map(({ changed }) => changed)).toEqual([
      ['assistant.greeting'],
      ['assistant.persona', 'recording.enabled'],
      ['assistant.greeting'],
    ]);
    expect(rows[1]?.spec.assistant.greeting).toBe('Patched.');
    expect(rows.every(({ author_id }) => author_id === null)).toBe(true);
  });

  test('asks the cluster for nothing that is kept already', async () => {
    await observe();
    expect(reads).toBe(1);
    await tenants.setStatus(tenant);
    await observe();
    const author = { kind: 'Person', id: randomUUID() } as const;
    const change = () => ({ recording: { enabled: true, retentionDays: 30 } });
    await writeConfiguration(tenants.replica(), { ...tenant, author, change });
    await observe();
    expect(reads).toBe(1);
    expect(await revisions()).toHaveLength(2);
  });

  test('a write keeps its author where it was observed before it was noted', async () => {
    await observe();
    const author = { kind: 'ApiKey', id: randomUUID() } as const;
    const replica = tenants.replica();
    const kube: typeof replica.kube = {
      get: replica.kube.get.bind(replica.kube),
      mergePatch: replica.kube.mergePatch.bind(replica.kube),
      apply: async (...call) => {
        const written = await replica.kube.apply(...call);
        await observe();
        return written as never;
      },
    };
    const change = () => ({ recording: { enabled: true, retentionDays: 30 } });
    await writeConfiguration({ ...replica, kube }, { ...tenant, author, change });
    const rows = await revisions();
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatchObject({
      author_kind: 'ApiKey',
      author_id: author.id,
      managers: ['veralux-config'],
    });
  });

  test('a Tenant made anew is kept apart from the one before, also with the same spec', async () => {
    await observe();
    await tenants.kube.delete(TENANT, tenant);
    const spec = { tenantID: tenant.tenantID, displayName: 'Acme' };
    await tenants.kube.apply(TENANT, { metadata: { name: tenant.name }, spec }, { fieldManager: 'kubectl' });
    await tenants.setStatus(tenant);
    await observe();
    expect(await revisions()).toHaveLength(2);
  });

  test('one that Postgres will not have keeps no other out', async () => {
    const other = await tenants.make();
    await tenants.setStatus(other);
    const [first, second] = await Promise.all([other, tenant].map((one) => tenants.live(one)));
    // Without its row there is nothing that the revision could belong to.
    await database.worker.query('DELETE FROM tenants WHERE tenant_id = $1', [other.tenantID]);
    await observe(...[first, second].flatMap((one) => (one ? [observeTenant(one)] : [])));
    expect(await revisions()).toHaveLength(1);
  });

  test('one that is gone by the time that it is read is left', async () => {
    const seen = observeTenant(await tenants.live(tenant));
    await tenants.kube.delete(TENANT, tenant);
    await observe(seen);
    expect(await revisions()).toEqual([]);
  });
});

const REMOVE_GREETING = JSON.stringify([{ op: 'remove', path: '/spec/assistant/greeting' }]);
