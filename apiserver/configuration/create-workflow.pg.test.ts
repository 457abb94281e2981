import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { KubeError } from '#lib/kube/kube-error.ts';
import { FakeTenants } from '../testing/fake-tenants.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { until } from '../testing/until.ts';

/** More than the pool of the API has connections. */
const MANY = 10;

describe('POST /api/admin/workflows', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  let owner: Awaited<ReturnType<TestApi['signUp']>>;
  /** Called before and after each write to the cluster. */
  let beforeApply: () => Promise<void>;
  let afterApply: () => Promise<void>;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    const fake = new FakeTenants();
    const kube = {
      ...fake.kube,
      apply: async (...parameters: Parameters<typeof fake.kube.apply>) => {
        await beforeApply();
        const applied = await fake.kube.apply(...parameters);
        await afterApply();
        return applied;
      },
    } as typeof fake.kube;
    api = await startTestApi(database, { cluster: { kube, informer: fake.informer } });
    owner = await api.signUp(randomUUID());
    fake.add({ name: owner.name, tenantID: owner.tenantID });
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });
  beforeEach(() => {
    beforeApply = async () => undefined;
    afterApply = async () => undefined;
  });

  const create = (body: object, key?: string) =>
    api.call('POST', '/api/admin/workflows', {
      token: owner.token,
      body: { enabled: false, ...body },
      headers: key === undefined ? {} : { 'idempotency-key': key },
    });

  test('keeps nobody from the database while the cluster is waited for', async () => {
    const held = Promise.withResolvers<void>();
    let waiting = 0;
    beforeApply = () => {
      waiting += 1;
      return held.promise;
    };
    const replies = Promise.all(
      Array.from({ length: MANY }, (_, n) => create({ name: `held-${n}` }, `held-${n}`)),
    );
    await until(async () => (waiting === MANY ? true : undefined));
    expect((await api.call('GET', '/api/auth/me', { token: owner.token })).status).toBe(200);
    held.resolve();
    expect((await replies).map(({ status }) => status)).toEqual(Array.from({ length: MANY }, () => 201));
  });

  test('of which the answer was lost is answered 201 when it is sent again, and not as one that exists', async () => {
    afterApply = () =>
      Promise.reject(new KubeError({ status: 0, reason: 'Unreachable', message: 'the answer is lost' }));
    expect((await create({ name: 'lost' }, 'lost')).body.code).toBe('cluster_unavailable');
    afterApply = async () => undefined;
    const again = await create({ name: 'lost' }, 'lost');
    expect([again.status, again.body.name]).toEqual([201, 'lost']);
    expect((await create({ name: 'lost' }, 'another')).body.code).toBe('workflow_exists');
    expect((await create({ name: 'lost' })).body.code).toBe('workflow_exists');
  });
});
