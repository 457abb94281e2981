import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { JobQueue, JobRefused } from '../jobs/job-queue.ts';
import { PROVISION_TENANT, refusedQueueOf } from '../jobs/job-queues.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { until } from '../testing/until.ts';
import { provisionTenant } from './provision-tenant.ts';

type Kube = Pick<KubeClient, 'get' | 'apply'>;

const invalid = new KubeError({ status: 422, reason: 'Invalid', message: 'spec.contact.email is wrong' });

/** As much of a cluster as the job sees: Tenants by name, with who has written to them. */
class FakeCluster {
  readonly tenants = new Map<string, { spec: Record<string, unknown>; managers: string[] }>();
  applied: string[] = [];
  /** Called before each apply: throws what the API server would answer. */
  onApply: (name: string) => void = () => undefined;

  readonly kube = {
    get: async (_resource: unknown, { name }: { name: string }) => {
      const found = this.tenants.get(name);
      if (!found) return undefined;
      const managedFields = found.managers.map((manager) => ({ manager }));
      return { metadata: { name, managedFields }, spec: found.spec };
    },
    apply: async (
      _resource: unknown,
      object: { metadata: { name: string }; spec: object },
      { fieldManager }: { fieldManager: string },
    ) => {
      const { name } = object.metadata;
      this.onApply(name);
      const before = this.tenants.get(name) ?? { spec: {}, managers: [] };
      const spec = { ...before.spec, ...object.spec };
      this.tenants.set(name, { spec, managers: [...before.managers, fieldManager] });
      this.applied.push(fieldManager);
      return object;
    },
  } as unknown as Kube;
}

describe("the job that makes a signed-up tenant's resource", () => {
  let database: MigratedDatabase;
  let api: TestApi;
  let cluster: FakeCluster;
  let tenant: { tenantID: string; name: string };
  beforeAll(async () => {
    database = await createMigratedDatabase();
    api = await startTestApi(database);
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });
  beforeEach(async () => {
    cluster = new FakeCluster();
    tenant = await api.signUp(crypto.randomUUID());
  });

  function run(): Promise<void> {
    const job = provisionTenant({ kube: cluster.kube, database: database.worker, log: silentLogger });
    return job({ tenantID: tenant.tenantID });
  }

  async function nameNow(): Promise<string> {
    const [row] = await database.worker.query<{ name: string }>(
      'SELECT name FROM tenants WHERE tenant_id = $1',
      [tenant.tenantID],
    );
    return row?.name ?? '';
  }

  test("a name that is another Tenant's is left to it, and the next attempt takes a new one", async () => {
    cluster.tenants.set(tenant.name, { spec: { tenantID: 'another' }, managers: ['kubectl'] });
    await expect(run()).rejects.toThrow(/another Tenant's/);
    await run();
    const name = await nameNow();
    expect(name).not.toBe(tenant.name);
    expect(cluster.tenants.get(name)?.spec).toMatchObject({ tenantID: tenant.tenantID, plan: 'Free' });
    expect(cluster.tenants.get(tenant.name)).toEqual({
      spec: { tenantID: 'another' },
      managers: ['kubectl'],
    });
  });

  test("a name taken between the look and the write is another Tenant's, too", async () => {
    cluster.onApply = (name) => {
      cluster.tenants.set(name, { spec: {}, managers: ['kubectl'] });
      cluster.onApply = () => undefined;
      throw invalid;
    };
    await expect(run()).rejects.toThrow(/another Tenant's/);
    await run();
    expect(cluster.tenants.get(await nameNow())?.spec).toMatchObject({ tenantID: tenant.tenantID });
    expect(cluster.tenants.get(tenant.name)?.spec).toEqual({});
  });

  test('killed between its two writes, it makes up for the second alone; a third run writes nothing', async () => {
    const spec = { tenantID: tenant.tenantID, displayName: 'Changed since' };
    cluster.tenants.set(tenant.name, { spec, managers: ['veralux-config'] });
    await run();
    await run();
    expect(cluster.applied).toEqual(['veralux-billing']);
    expect(cluster.tenants.get(tenant.name)?.spec).toMatchObject({ displayName: 'Changed since' });
  });

  test('what passes makes the queue try again, what the cluster will not have is refused', async () => {
    cluster.onApply = () => {
      throw new KubeError({ status: 403, reason: 'Forbidden', message: 'no right to it yet' });
    };
    await expect(run()).rejects.toThrow(KubeError);
    cluster.onApply = () => {
      throw invalid;
    };
    await expect(run()).rejects.toThrow(JobRefused);
  });

  test('a refused job is set aside with its reason, and tried again when a server starts', async () => {
    cluster.onApply = (name) => {
      if (name === tenant.name) throw invalid;
    };
    const registry = createRegistry('test');
    const first = await startQueue(registry);
    const [refused] = await until(async () => {
      const rows = await refusedJobs();
      return rows.length > 0 ? rows : undefined;
    });
    await first.stop();
    expect(refused).toEqual({ reason: 'The job was refused: spec.contact.email is wrong' });
    expect(await registry.getSingleMetricAsString('veralux_jobs_refused_total')).toContain(
      '{queue="provision-tenant",program="test"} 1',
    );
    cluster.onApply = () => undefined;
    const second = await startQueue(createRegistry('test'));
    await until(async () => (cluster.tenants.has(tenant.name) ? true : undefined));
    await second.stop();
    expect(await refusedJobs()).toEqual([]);
  });

  test('a cluster that was away for a day delays it by half a minute at most', async () => {
    cluster.onApply = () => {
      throw new KubeError({ status: 503, reason: 'ServiceUnavailable', message: 'away' });
    };
    const queue = await startQueue(createRegistry('test'));
    await failedTimes(1);
    // As many as there are in a day.
    await tryNow('retry_count = 2880');
    queue.wake(PROVISION_TENANT);
    const { wait } = await failedTimes(2_882);
    // Two clocks are read for it, one after the other.
    expect(wait).toBeLessThan(31);
    cluster.onApply = () => undefined;
    await tryNow('retry_count = retry_count');
    queue.wake(PROVISION_TENANT);
    await until(async () => (cluster.tenants.has(tenant.name) ? true : undefined));
    await queue.stop();
  });

  /** The job once it waits for its next try: in how many seconds. */
  function failedTimes(count: number): Promise<{ wait: number }> {
    return until(async () => {
      const [job] = await database.asAdmin<{ wait: number }>(
        `SELECT EXTRACT(epoch FROM start_after - now())::float AS wait FROM pgboss.job
          WHERE name = $1 AND data->>'tenantID' = $2 AND state = 'retry' AND retry_count = $3 - 1`,
        [PROVISION_TENANT, tenant.tenantID, count],
      );
      return job;
    });
  }

  async function tryNow(assignment: string): Promise<void> {
    await database.asAdmin(
      `UPDATE pgboss.job SET start_after = now(), ${assignment} WHERE name = $1 AND data->>'tenantID' = $2`,
      [PROVISION_TENANT, tenant.tenantID],
    );
  }

  async function startQueue(registry: ReturnType<typeof createRegistry>): Promise<JobQueue> {
    const deps = { kube: cluster.kube, database: database.worker, log: silentLogger };
    const handlers = { [PROVISION_TENANT]: provisionTenant(deps) };
    const queue = new JobQueue({ database: database.worker, log: silentLogger, registry, handlers });
    await queue.start();
    return queue;
  }

  function refusedJobs(): Promise<{ reason: string }[]> {
    return database.worker.query(
      `SELECT source_output->>'message' AS reason FROM pgboss.job WHERE name = $1 AND data->>'tenantID' = $2`,
      [refusedQueueOf(PROVISION_TENANT), tenant.tenantID],
    );
  }
});
