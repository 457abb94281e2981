import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATA_FINALIZER } from '#crds/tenant/kept-data.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { ClusterUnavailable } from '../configuration/configuration-error.ts';
import { CLOSE_TENANT } from '../jobs/job-queues.ts';
import { Callers } from '../testing/callers.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { type TestTenant, TestTenants } from '../testing/test-tenants.ts';
import { until } from '../testing/until.ts';
import { endTenant } from './end-tenant.ts';

describe('a tenant that its owner closes', () => {
  let database: MigratedDatabase;
  let tenants: TestTenants;
  let api: TestApi;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    tenants = new TestTenants(database, 'close');
    api = await startTestApi(database, {
      cluster: { kube: tenants.kube, informer: { get: () => undefined } },
      handlers: { [CLOSE_TENANT]: job },
    });
  });
  /** What the job meets in place of the cluster, once. */
  let fault: (() => Promise<void>) | undefined;
  const job = (data: unknown) => {
    const { kube } = tenants;
    const failing = {
      get: kube.get.bind(kube),
      mergePatch: kube.mergePatch.bind(kube),
      delete: async (...of: Parameters<typeof kube.delete>) => {
        const first = fault;
        fault = undefined;
        await first?.();
        return kube.delete(...of);
      },
    };
    return endTenant({ kube: failing, database: database.worker, log: silentLogger })(data);
  };
  afterAll(async () => {
    await api.stop();
    await tenants.close();
    await database.drop();
  });

  /** Closes it as an owner. */
  async function close({ tenantID, name }: TestTenant, body: object = {}, at = api) {
    const callers = new Callers(database, at);
    const owner = await callers.person(tenantID, 'Owner');
    const request = {
      token: await callers.token(owner),
      headers: { 'idempotency-key': 'close' },
      body: { name, data: 'Retain', password: 'SecureP@ss123', ...body },
    };
    const post = () => at.call('POST', '/api/admin/tenant/close', request);
    return { reply: await post(), owner, again: post };
  }

  const ending = (tenant: TestTenant) =>
    until(async () => {
      const live = await tenants.live(tenant);
      return live.metadata.deletionTimestamp === undefined ? undefined : live;
    });
  const gone = ({ name }: TestTenant) =>
    until(async () => ((await tenants.kube.get(TENANT, { name })) ? undefined : true));

  /** So that its end can be looked at. */
  async function hold(tenant: TestTenant): Promise<void> {
    const held = { metadata: { finalizers: [DATA_FINALIZER] } };
    await tenants.kube.mergePatch(TENANT, { name: tenant.name }, held, { fieldManager: 'veralux-operator' });
  }

  async function letGo({ name }: TestTenant): Promise<void> {
    const free = { metadata: { finalizers: [] } };
    await tenants.kube.mergePatch(TENANT, { name }, free, { fieldManager: 'veralux-operator' });
  }

  const row = async ({ tenantID }: TestTenant) => {
    const [found] = await database.worker.query<{ closed: boolean; policy: string | null }>(
      `SELECT closed_at IS NOT NULL AS closed, closing_policy AS policy FROM tenants WHERE tenant_id = $1`,
      [tenantID],
    );
    return found;
  };

  test.each(['Retain', 'Purge'] as const)(
    'ends with its resource, which says %s, on the record',
    async (data) => {
      const tenant = await tenants.make();
      await hold(tenant);
      const { reply, owner } = await close(tenant, { data });
      expect([reply.status, reply.body]).toEqual([202, { name: tenant.name, data }]);
      expect((await ending(tenant)).spec.deletionPolicy).toBe(data);
      expect(await row(tenant)).toEqual({ closed: true, policy: data });
      const events = await database.asAdmin(
        `SELECT actor_id, operation, after FROM veralux.audit_events
        WHERE tenant_id = $1 AND resource = 'Tenant' AND action = 'Changed'`,
        [tenant.tenantID],
      );
      expect(events).toMatchObject([
        {
          actor_id: owner.userID,
          operation: 'closeTenant',
          after: { closing_policy: data, closed_by: owner.userID },
        },
      ]);
      await letGo(tenant);
    },
  );

  test.each(['argocd-controller', 'kustomize-controller'])(
    'is refused where %s keeps its manifest',
    async (manager) => {
      const tenant = await tenants.make({}, manager);
      const { reply } = await close(tenant);
      expect([reply.status, reply.body.code]).toEqual([409, 'managed_elsewhere']);
      expect(reply.body.detail).toBe(`The manifest of this tenant is kept by ${manager}; delete it there.`);
      expect((await tenants.live(tenant)).metadata.deletionTimestamp).toBeUndefined();
      expect(await row(tenant)).toEqual({ closed: false, policy: null });
    },
  );

  test('may have been patched by hand', async () => {
    const tenant = await tenants.make();
    await tenants.kubectlPatch(tenant, { displayName: 'Patched' });
    expect((await close(tenant)).reply.status).toBe(202);
    await gone(tenant);
  });

  test('ends also where the cluster goes away, or somebody writes to it, after its policy is there', async () => {
    const tenant = await tenants.make();
    fault = async () => {
      expect((await tenants.spec(tenant)).deletionPolicy).toBe('Purge');
      await tenants.kubectlPatch(tenant, { displayName: 'Patched meanwhile' });
      throw new ClusterUnavailable(new Error('a test'));
    };
    const { reply, again } = await close(tenant, { data: 'Purge' });
    expect(reply.status).toBe(202);
    await gone(tenant);
    const repeated = await again();
    expect([repeated.status, repeated.headers.get('idempotency-replayed')]).toEqual([202, 'true']);
  });

  test('is not another of the same name and id that was made since', async () => {
    const tenant = await tenants.make();
    await close(tenant);
    await gone(tenant);
    const { name, tenantID } = tenant;
    const spec = { tenantID, displayName: 'Acme' };
    await tenants.kube.apply(TENANT, { metadata: { name }, spec }, { fieldManager: 'veralux-config' });
    await job({ tenantID });
    const { metadata, spec: left } = await tenants.live(tenant);
    expect([metadata.deletionTimestamp, left.deletionPolicy]).toEqual([undefined, 'Retain']);
  });

  test('waits for no cluster within the transaction that records it', async () => {
    const tenant = await tenants.make();
    let inTransaction = 0;
    const get = async (...of: Parameters<typeof tenants.kube.get>) => {
      const [found] = await database.worker.query<{ open: string }>(
        `SELECT count(*) AS open FROM pg_stat_activity
          WHERE datname = current_database() AND application_name <> 'veralux-worker' AND state = 'idle in transaction'`,
      );
      inTransaction += Number(found?.open);
      return tenants.kube.get(...of);
    };
    const kube = { get } as unknown as typeof tenants.kube;
    const watched = await startTestApi(database, { cluster: { kube, informer: { get: () => undefined } } });
    expect((await close(tenant, {}, watched)).reply.status).toBe(202);
    expect(inTransaction).toBe(0);
    await watched.stop();
  });

  test('takes the password of its owner', async () => {
    const tenant = await tenants.make();
    const { reply } = await close(tenant, { password: 'AnotherP@ss123' });
    expect([reply.status, reply.body.code]).toEqual([403, 'wrong_password']);
    expect(await row(tenant)).toEqual({ closed: false, policy: null });
  });

  test('has to be named', async () => {
    const tenant = await tenants.make();
    const { reply } = await close(tenant, { name: 'another' });
    expect([reply.status, reply.body.errors[0].path]).toEqual([400, 'body.name']);
    expect((await tenants.live(tenant)).metadata.deletionTimestamp).toBeUndefined();
  });

  test('is as it was where the cluster is away', async () => {
    const tenant = await tenants.make();
    const away = () => Promise.reject(new ClusterUnavailable(new Error('a test')));
    const kube = { get: away, apply: away, mergePatch: away, delete: away };
    const apart = await startTestApi(database, { cluster: { kube, informer: { get: () => undefined } } });
    const { reply } = await close(tenant, {}, apart);
    expect([reply.status, reply.body.code]).toEqual([503, 'cluster_unavailable']);
    expect(await row(tenant)).toEqual({ closed: false, policy: null });
    await apart.stop();
  });
});
