import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type StartedProgram, startProgram } from '#hack/demo/programs.ts';
import { Processes } from '#hack/local/processes.ts';
import { type OwnTestCluster, startTestCluster } from '#hack/testing/cluster.ts';
import { FaultyProxy } from '#hack/testing/faulty-proxy.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { loadKubeConfig } from '#lib/kube/load-kube-config.ts';
import { callAt, type Reply, TEST_SECRET } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { until } from '../testing/until.ts';

const RECORDING = '/api/admin/config/recording';
const recording = (retentionDays: number) => ({ recording: { enabled: true, retentionDays } });

/** The real program, twice: one straight at the API server, the other behind a proxy with faults. */
describe('replicas of the API server', () => {
  let cluster: OwnTestCluster;
  let redis: TestRedis;
  let database: MigratedDatabase;
  let proxy: FaultyProxy;
  let proxiedConfig: string;
  let processes: Processes;

  beforeAll(async () => {
    cluster = await startTestCluster();
    redis = await startTestRedis();
    database = await createMigratedDatabase();
    const config = loadKubeConfig(cluster.kubeconfigPath);
    proxy = await FaultyProxy.start(config);
    proxiedConfig = join(cluster.directory, 'data', `proxied-${randomUUID()}.json`);
    writeFileSync(proxiedConfig, proxy.kubeConfig(config).exportConfig());
    processes = new Processes(cluster.directory, { prefix: 'replicas-' });
  });
  afterEach(async () => {
    proxy.rules.clear();
    await processes.endAll();
  });
  afterAll(async () => {
    await proxy.close();
    await redis.stop();
    await Promise.all([database.drop(), cluster.stop()]);
  });

  test('killed while the cluster makes a resource, another makes up for it', {
    timeout: 90_000,
  }, async () => {
    const proxied = await start('proxied');
    const made = Promise.withResolvers<void>();
    // The first of two writes was made, and nobody knows of it.
    proxy.rules.add({
      methods: ['PATCH'],
      path: /\/tenants\//,
      fault: { kind: 'loseReply' },
      endsClient: true,
      onStrike: () => proxied.process.kill().then(made.resolve, made.reject),
    });
    const signedUp = await signUp(proxied.url);
    await made.promise;
    proxy.rules.clear();
    await start('direct');
    const live = await until(async () => {
      const tenant = await tenantNamed(signedUp.tenant.name);
      return tenant?.metadata.managedFields.length >= 2 ? tenant : undefined;
    });
    expect(live.spec).toMatchObject({ tenantID: signedUp.tenant.id, plan: 'Free', billing: 'Stripe' });
  });

  test('what one wrote the other reads at once, also when its watch hears nothing', {
    timeout: 90_000,
  }, async () => {
    const [direct, proxied] = await Promise.all([start('direct'), start('proxied')]);
    const { token, tenant } = await signUp(direct.url);
    await ready(direct.url, token, tenant);
    const before = await ready(proxied.url, token, tenant);
    proxy.silenceWatches();
    const written = await replace(direct.url, token, before.headers.get('etag') ?? '', recording(7));
    expect(written.status).toBe(200);
    const read = await callAt(proxied.url)('GET', RECORDING, { token });
    expect(read.body).toEqual(recording(7));
    expect(read.headers.get('etag')).toBe(written.headers.get('etag'));
    const stale = await replace(proxied.url, token, before.headers.get('etag') ?? '', recording(8));
    expect([stale.status, stale.body.code]).toEqual([412, 'precondition_failed']);
  });

  test('a write while the cluster is away is refused whole, and reads go on', {
    timeout: 90_000,
  }, async () => {
    const proxied = await start('proxied');
    const { token, tenant } = await signUp(proxied.url);
    await ready(proxied.url, token, tenant);
    // Written by the API, so it is kept before it is answered.
    const { headers } = await replace(proxied.url, token, '*', recording(7));
    await until(async () => {
      const { generation } = (await tenantNamed(tenant.name))?.metadata ?? {};
      const rows = await database.worker.query(
        'SELECT FROM tenants WHERE tenant_id = $1 AND observed_generation = $2',
        [tenant.id, generation],
      );
      return rows.length > 0 ? true : undefined;
    });
    await proxy.pause();
    const refused = await replace(proxied.url, token, '*', recording(8));
    expect([refused.status, refused.body.code]).toEqual([503, 'cluster_unavailable']);
    expect(refused.headers.get('retry-after')).toBe('1');
    const read = await callAt(proxied.url)('GET', RECORDING, { token });
    expect(read.headers.get('etag')).toBe(headers.get('etag'));
    await proxy.resume();
    expect((await tenantNamed(tenant.name))?.spec.recording).toEqual(recording(7).recording);
    const accepted = await until(async () => {
      const reply = await replace(proxied.url, token, headers.get('etag') ?? '', recording(8));
      return reply.status === 200 ? reply : undefined;
    });
    expect(accepted.body).toEqual(recording(8));
  });

  test('a Tenant made with kubectl gets its row, its first revision and one invitation', async () => {
    await Promise.all([start('direct'), start('proxied')]);
    const tenantID = randomUUID();
    const manifest = {
      apiVersion: 'veralux.io/v1alpha1',
      kind: 'Tenant',
      metadata: { name: 'by-kubectl' },
      spec: { displayName: 'By kubectl', contact: { email: 'office@by-kubectl.example' } },
    };
    await cluster.kubectlWithInput(JSON.stringify(manifest), 'create', '-f', '-');
    await setStatus('by-kubectl', tenantID);
    const [revision] = await until(async () => {
      const rows = await database.worker.query<{ managers: string[] }>(
        'SELECT managers FROM tenant_revisions WHERE tenant_id = $1',
        [tenantID],
      );
      return rows.length > 0 ? rows : undefined;
    });
    expect(revision?.managers).toEqual(['kubectl-create']);
    const invited = await database.asAdmin(
      'SELECT t.name, i.email, i.role FROM veralux.tenants t JOIN veralux.invitations i USING (tenant_id) WHERE tenant_id = $1',
      [tenantID],
    );
    expect(invited).toEqual([{ name: 'by-kubectl', email: 'office@by-kubectl.example', role: 'Owner' }]);
  });

  function start(name: 'direct' | 'proxied'): Promise<StartedProgram> {
    return startProgram(processes, {
      name,
      main: 'apiserver/main.ts',
      health: '/ready',
      env: {
        SAAS_MODE: 'true',
        DATABASE_URL: database.appURL,
        WORKER_DATABASE_URL: database.workerURL,
        REDIS_URL: redis.url,
        JWT_SECRET: TEST_SECRET,
        METRICS_PORT: '0',
        STOP_DELAY_MS: '0',
        ADMIN_RATE_MAX: '100000',
        KUBECONFIG: name === 'direct' ? cluster.kubeconfigPath : proxiedConfig,
      },
    });
  }

  async function signUp(url: string): Promise<Reply['body']> {
    const body = {
      email: `${randomUUID()}@example.com`,
      password: 'SecureP@ss123',
      name: 'Jane Smith',
      companyName: 'Acme',
    };
    const reply = await callAt(url)('POST', '/api/auth/signup', { body });
    expect(reply.status).toBe(201);
    return reply.body;
  }

  /** Waits for the tenant's resource, gives it its id as the operator does, and reads a part of it. */
  async function ready(url: string, token: string, tenant: { id: string; name: string }): Promise<Reply> {
    await until(() => tenantNamed(tenant.name));
    await setStatus(tenant.name, tenant.id);
    return until(async () => {
      const reply = await callAt(url)('GET', RECORDING, { token });
      return reply.status === 200 ? reply : undefined;
    });
  }

  function replace(url: string, token: string, etag: string, body: object): Promise<Reply> {
    return callAt(url)('PUT', RECORDING, { token, body, headers: { 'if-match': etag } });
  }

  async function setStatus(name: string, tenantID: string): Promise<void> {
    const status = JSON.stringify({ status: { tenantID } });
    await cluster.kubectl('patch', 'tenant', name, '--subresource=status', '--type=merge', '-p', status);
  }

  async function tenantNamed(name: string): Promise<Reply['body']> {
    const text = await cluster
      .kubectl('get', 'tenant', name, '-o', 'json', '--show-managed-fields')
      .catch(() => undefined);
    return text === undefined ? undefined : JSON.parse(text);
  }
});
