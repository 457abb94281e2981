import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATA_FINALIZER, retainedName, TENANT_FINALIZER } from '#crds/tenant/kept-data.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject, ObjectRef } from '#lib/kube/kube-object.ts';
import type { Resource } from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { keepData } from './keep-data.ts';
import { type ObservedTenant, observeTenant } from './observed-tenant.ts';

/** The finalizers of Tenants and the records, as the API server would hold them. */
class FakeCluster {
  readonly tenants = new Map<string, readonly string[]>();
  readonly records = new Map<string, KubeObject>();
  /** Each request fails with this once it is set. */
  away: KubeError | undefined;

  readonly kube = {
    create: async (_resource: Resource, object: KubeObject) => {
      if (this.away) throw this.away;
      const { name } = object.metadata;
      if (this.records.has(name))
        throw new KubeError({ status: 409, reason: 'AlreadyExists', message: name });
      this.records.set(name, object);
      return object;
    },
    delete: async (_resource: Resource, { name }: ObjectRef) => {
      if (this.away) throw this.away;
      return this.records.delete(name);
    },
    mergePatch: async (_resource: Resource, { name }: ObjectRef, patch: { metadata?: unknown }) => {
      if (this.away) throw this.away;
      this.tenants.set(name, (patch.metadata as { finalizers: string[] }).finalizers);
    },
  } as unknown as Pick<KubeClient, 'create' | 'delete' | 'mergePatch'>;
}

describe('the rows of a Tenant', () => {
  let database: MigratedDatabase;
  let cluster: FakeCluster;
  let name: string;
  let tenantID: string;

  beforeAll(async () => {
    database = await createMigratedDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    cluster = new FakeCluster();
    tenantID = randomUUID();
    name = `acme-${tenantID.slice(0, 5)}`;
    await insertTenant(tenantID, name);
  });

  test('are kept with Retain: the record is made and the finalizer removed, also the second time', async () => {
    await keep(ending());
    await keep(ending());
    expect(cluster.tenants.get(name)).toEqual(['example.com/other']);
    expect(cluster.records.get(retainedName(tenantID))).toMatchObject({
      metadata: { namespace: 'veralux-system', labels: { 'veralux.io/retained': 'true' } },
      data: { tenantID, name },
    });
    expect(await rows()).toEqual({ tenants: 1, calls: 1, call_turns: 1, memberships: 1, usage_counters: 1 });
  });

  test('are purged with Purge, those of others are not, and nothing is left to adopt', async () => {
    const other = randomUUID();
    await insertTenant(other, 'neighbour');
    await keep(ending({ policy: 'Purge' }));
    expect(cluster.tenants.get(name)).toEqual(['example.com/other']);
    expect(cluster.records.size).toBe(0);
    expect(await rows()).toEqual({ tenants: 0, calls: 0, call_turns: 0, memberships: 0, usage_counters: 0 });
    expect(await rows(other)).toMatchObject({ tenants: 1, calls: 1 });
  });

  test('are left alone while the operator still ends the calls, and while there is no deletion', async () => {
    await keep(ending({ policy: 'Purge', finalizers: [TENANT_FINALIZER, DATA_FINALIZER] }));
    await keep(living());
    expect(cluster.tenants.size + cluster.records.size).toBe(0);
    expect(await rows()).toMatchObject({ tenants: 1, calls: 1 });
    expect(await deletionOf()).toEqual({ deleted_at: null, deletion_policy: null });
  });

  test('are settled when the cluster is back', async () => {
    cluster.away = new KubeError({ status: 0, reason: 'Unreachable', message: 'away' });
    await expect(keep(ending())).rejects.toThrow(KubeError);
    expect(await deletionOf()).toMatchObject({ deletion_policy: 'Retain' });
    expect(cluster.tenants.has(name)).toBe(false);
    cluster.away = undefined;
    await keep(ending());
    expect(cluster.tenants.get(name)).toEqual(['example.com/other']);
    expect(cluster.records.size).toBe(1);
  });

  test('go to a new Tenant of the id that is annotated, and to no other', async () => {
    await keep(ending());
    cluster.records.clear();
    await keep(living());
    expect([...cluster.records.keys()]).toEqual([retainedName(tenantID)]);
    expect((await deletionOf())?.deleted_at).not.toBeNull();
    await keep(living({ 'veralux.io/adopt-data': 'true' }));
    expect(cluster.records.size).toBe(0);
    expect(await deletionOf()).toEqual({ deleted_at: null, deletion_policy: null });
    expect(await rows()).toMatchObject({ tenants: 1, calls: 1 });
  });

  test.each([
    ['has no id', { spec: { displayName: 'x' } }],
    ['cannot be read', { spec: 'broken' }],
  ])('of a Tenant that %s hold nothing up', async (_why, parts) => {
    await keep(observeTenant({ ...manifest(), ...parts, status: undefined } as unknown as KubeObject));
    expect(cluster.tenants.get(name)).toEqual(['example.com/other']);
    expect(await rows()).toMatchObject({ tenants: 1, calls: 1 });
  });

  function keep(tenant: ObservedTenant): Promise<void> {
    const informer = { get: () => tenant };
    const { kube } = cluster;
    return keepData(
      { informer, kube, database: database.worker, namespace: 'veralux-system', log: silentLogger },
      [name],
    );
  }

  function manifest({ policy = 'Retain', finalizers = [DATA_FINALIZER, 'example.com/other'] } = {}) {
    return {
      apiVersion: 'veralux.io/v1alpha1',
      kind: 'Tenant',
      metadata: {
        name,
        uid: 'u',
        resourceVersion: '7',
        deletionTimestamp: '2026-01-01T00:00:00Z',
        finalizers,
      },
      spec: { displayName: 'Acme', deletionPolicy: policy },
      status: { tenantID },
    };
  }

  function ending(options: { policy?: string; finalizers?: string[] } = {}): ObservedTenant {
    return observeTenant(manifest(options));
  }

  function living(annotations: Record<string, string> = {}): ObservedTenant {
    const whole = manifest();
    const metadata = { name, uid: 'v', resourceVersion: '8', generation: 1, annotations };
    return observeTenant({ ...whole, metadata });
  }

  async function insertTenant(id: string, tenantName: string): Promise<void> {
    const callID = randomUUID();
    const userID = randomUUID();
    const { worker } = database;
    await worker.query(`INSERT INTO tenants (tenant_id, name, source) VALUES ($1, $2, 'Resource')`, [
      id,
      tenantName,
    ]);
    await worker.query(
      `INSERT INTO users (user_id, email, name, password_hash) VALUES ($1, $2, 'Jane', 'x')`,
      [userID, `${userID}@example.com`],
    );
    await worker.query(`INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, 'Owner')`, [
      id,
      userID,
    ]);
    await worker.query('INSERT INTO calls (tenant_id, call_id, started_at) VALUES ($1, $2, now())', [
      id,
      callID,
    ]);
    await worker.query(
      `INSERT INTO call_turns (tenant_id, call_id, turn_index, speaker, text, started_at_ms, ended_at_ms, interrupted)
       VALUES ($1, $2, 0, 'Agent', 'Hello', 0, 1, false)`,
      [id, callID],
    );
    await worker.query(
      `INSERT INTO usage_counters (tenant_id, month, metric, quantity) VALUES ($1, '2026-01', 'call_count', 1)`,
      [id],
    );
  }

  async function rows(id = tenantID): Promise<Record<string, number>> {
    const tables = ['tenants', 'calls', 'call_turns', 'memberships', 'usage_counters'];
    const counts = await Promise.all(
      tables.map(async (table) => {
        const [row] = await database.worker.query<{ n: number }>(
          `SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = $1`,
          [id],
        );
        return [table, row?.n ?? -1] as const;
      }),
    );
    return Object.fromEntries(counts);
  }

  async function deletionOf() {
    const [row] = await database.worker.query<{ deleted_at: Date | null; deletion_policy: string | null }>(
      'SELECT deleted_at, deletion_policy FROM tenants WHERE tenant_id = $1',
      [tenantID],
    );
    return row;
  }
});
