import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATA_FINALIZER } from '#crds/tenant/kept-data.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { ClusterUnavailable } from '../configuration/configuration-error.ts';
import { Callers } from '../testing/callers.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { type TestTenant, TestTenants } from '../testing/test-tenants.ts';

describe('a tenant that its owner closes', () => {
  let database: MigratedDatabase;
  let tenants: TestTenants;
  let api: TestApi;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    tenants = new TestTenants(database, 'close');
    api = await startTestApi(database, {
      cluster: { kube: tenants.kube, informer: { get: () => undefined } },
    });
  });
  afterAll(async () => {
    await api.stop();
    await tenants.close();
    await database.drop();
  });

  /** Closes it as an owner. */
  async function close({ tenantID, name }: TestTenant, body: object = {}, at = api) {
    const callers = new Callers(database, at);
    const owner = await callers.person(tenantID, 'Owner');
    const reply = await at.call('POST', '/api/admin/tenant/close', {
      token: await callers.token(owner),
      body: { name, data: 'Retain', ...body },
    });
    return { reply, owner };
  }

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
      const { metadata, spec } = await tenants.live(tenant);
      expect([metadata.deletionTimestamp === undefined, spec.deletionPolicy]).toEqual([false, data]);
      expect(await row(tenant)).toEqual({ closed: true, policy: data });
      const events = await database.asAdmin(
        `SELECT actor_id, operation, after FROM veralux.audit_events
        WHERE tenant_id = $1 AND resource = 'Tenant' AND action = 'Changed'`,
        [tenant.tenantID],
      );
      expect(events).toMatchObject([
        { actor_id: owner.userID, operation: 'closeTenant', after: { closing_policy: data } },
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
    await expect(tenants.live(tenant)).rejects.toThrow('is gone');
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
