import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { shardOf } from '#crds/projection/shard.ts';
import { DATA_FINALIZER, retainedName, TENANT_FINALIZER } from '#crds/tenant/kept-data.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject, ObjectRef } from '#lib/kube/kube-object.ts';
import type { Resource } from '#lib/kube/resource.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { FIRST_STREAM_ID } from '#lib/redis/stream-id.ts';
import { writeBatch } from '../ledger/write-batch.ts';
import { callEvents } from '../testing/ledger-events.ts';
import { noOutbox } from '../testing/no-outbox.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { keepData } from './keep-data.ts';
import { type ObservedTenant, observeTenant } from './observed-tenant.ts';
import { LedgerUnread } from './purge-tenant.ts';
import { recordTenants } from './record-tenants.ts';

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
  /** Where the ledger of the tenant's shard ends. */
  let ledgerEnd: string;

  beforeAll(async () => {
    database = await createMigratedDatabase();
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    cluster = new FakeCluster();
    tenantID = randomUUID();
    ledgerEnd = FIRST_STREAM_ID;
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
    await database.worker.query(
      `UPDATE tenants SET closed_at = now(), closing_policy = 'Retain', closing_uid = 'former' WHERE tenant_id = $1`,
      [tenantID],
    );
    await keep(ending());
    cluster.records.clear();
    await keep(living());
    expect([...cluster.records.keys()]).toEqual([retainedName(tenantID)]);
    expect((await deletionOf())?.deleted_at).not.toBeNull();
    await keep(living({ 'veralux.io/adopt-data': 'true' }));
    expect(cluster.records.size).toBe(0);
    expect(await deletionOf()).toEqual({ deleted_at: null, deletion_policy: null });
    expect(await rows()).toMatchObject({ tenants: 1, calls: 1 });
    // Its new owner closes the new one, and not what was closed before.
    const [closing] = await database.worker.query(
      'SELECT closed_at, closing_uid FROM tenants WHERE tenant_id = $1',
      [tenantID],
    );
    expect(closing).toEqual({ closed_at: null, closing_uid: null });
  });

  test.each([
    ['has no id', { spec: { displayName: 'x' } }],
    ['cannot be read', { spec: 'broken' }],
  ])('of a Tenant that %s hold nothing up', async (_why, parts) => {
    await keep(observeTenant({ ...manifest(), ...parts, status: undefined } as unknown as KubeObject));
    expect(cluster.tenants.get(name)).toEqual(['example.com/other']);
    expect(await rows()).toMatchObject({ tenants: 1, calls: 1 });
  });

  test.each(['Retain', 'Purge'])(
    'of a living Tenant are let be when a copy of it that was refused is deleted with %s',
    async (policy) => {
      const copy = observeTenant({
        ...manifest({ policy, finalizers: [DATA_FINALIZER] }),
        ...refused(policy),
      });
      await keep(copy, [renamed(living(), 'the-living')]);
      expect(cluster.tenants.get(name)).toEqual([]);
      expect(await deletionOf()).toEqual({ deleted_at: null, deletion_policy: null });
      expect(cluster.records.size).toBe(0);
      expect(await rows()).toMatchObject({ tenants: 1, calls: 1 });
    },
  );

  test('are let be while another Tenant has their id, too, and settled with the last that has it', async () => {
    await keep(ending({ policy: 'Purge' }), [renamed(living(), 'the-living')]);
    expect(cluster.tenants.get(name)).toEqual(['example.com/other']);
    expect(await rows()).toMatchObject({ tenants: 1, calls: 1 });
    await keep(ending({ policy: 'Purge' }));
    expect(await rows()).toMatchObject({ tenants: 0, calls: 0 });
  });

  test('are purged once the ledger is read up to its end, which holds no other Tenant up', async () => {
    const shard = shardOf(tenantID);
    ledgerEnd = '1700000000000-1';
    const another = { ...ending(), tenantID: randomUUID() };
    await insertTenant(another.tenantID, 'another');
    await expect(keep(ending({ policy: 'Purge' }), [renamed(another, 'another')])).rejects.toThrow(
      LedgerUnread,
    );
    expect(await rows()).toMatchObject({ tenants: 1, calls: 1 });
    expect(cluster.tenants.has(name)).toBe(false);
    expect(cluster.tenants.get('another')).toEqual(['example.com/other']);
    await database.worker.query(
      `INSERT INTO ledger_cursors (shard, last_id) VALUES ($1, $2)
       ON CONFLICT (shard) DO UPDATE SET last_id = excluded.last_id`,
      [shard, ledgerEnd],
    );
    await keep(ending({ policy: 'Purge' }));
    expect(await rows()).toMatchObject({ tenants: 0, calls: 0 });
  });

  test('do not come back by what the ledger or a replica still tells of them, and do for a new Tenant', async () => {
    const [started] = callEvents({ tenantID });
    await keep(ending({ policy: 'Purge' }));
    const entry = { shard: shardOf(tenantID), streamID: '1-1', text: JSON.stringify(started) };
    const write = (streamID: string) =>
      writeBatch(database.worker, [{ ...entry, streamID }], cursors, noOutbox.noteLedger);
    const [cursor] = await database.worker.query<{ last_id: string }>(
      'SELECT last_id FROM ledger_cursors WHERE shard = $1',
      [entry.shard],
    );
    const cursors = new Map([[entry.shard, cursor?.last_id ?? FIRST_STREAM_ID]]);
    expect((await write('1800000000000-1')).verdicts).toEqual([{ kind: 'started', verdict: 'Purged' }]);
    await record(ending());
    expect(await rows()).toEqual({ tenants: 0, calls: 0, call_turns: 0, memberships: 0, usage_counters: 0 });
    await record(living());
    // As when Redis was lost, and the last entry of the stream with what was known of it.
    expect((await write('1800000000000-2')).verdicts).toEqual([{ kind: 'started', verdict: 'Purged' }]);
    expect(await rows()).toMatchObject({ tenants: 1, calls: 0 });
    const later = callEvents({ tenantID, answeredAt: new Date(Date.now() + 60_000) }).slice(0, 1);
    entry.text = JSON.stringify(later[0]);
    expect((await write('1800000000000-3')).verdicts).toEqual([{ kind: 'started', verdict: 'New' }]);
    expect(await rows()).toMatchObject({ tenants: 1, calls: 1 });
    // The purged one is still to be seen by a replica that is behind.
    await record(ending());
    expect(await deletionOf()).toEqual({ deleted_at: null, deletion_policy: null });
  });

  /** Settles the Tenant of this test, and the others beside it. */
  function keep(tenant: ObservedTenant, others: readonly ObservedTenant[] = []): Promise<void> {
    const all = [tenant, ...others];
    const informer = {
      get: (wanted: string) => all.find(({ metadata }) => metadata.name === wanted),
      list: () => all,
    };
    const { kube } = cluster;
    const ledgerEndOf = async () => ledgerEnd;
    const { worker } = database;
    return keepData(
      { informer, kube, database: worker, ledgerEndOf, namespace: 'veralux-system', log: silentLogger },
      all.map(({ metadata }) => metadata.name),
    );
  }

  function record(tenant: ObservedTenant): Promise<void> {
    const jobs = { send: async () => undefined };
    const { worker } = database;
    const recording = { database: worker, isOnPrem: false, jobs, outbox: noOutbox, log: silentLogger };
    return recordTenants({ ...recording, informer: { get: () => tenant } }, [name]);
  }

  function renamed(tenant: ObservedTenant, newName: string): ObservedTenant {
    return { ...tenant, metadata: { ...tenant.metadata, name: newName } };
  }

  /** What the operator makes of a Tenant whose id another one has. */
  function refused(policy: string) {
    const condition = { type: 'Ready', status: 'False', reason: 'IdTaken', message: 'Another one has it.' };
    return {
      spec: { displayName: 'A copy', tenantID, deletionPolicy: policy },
      status: { conditions: [condition] },
    };
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
