import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestCluster } from '#hack/testing/cluster.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { connectRedis, disconnectRedis } from '#lib/redis/connect-redis.ts';
import { append, callEvents } from './testing/ledger-events.ts';
import { callAt, type Reply, TEST_SECRET } from './testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from './testing/test-database.ts';
import { until } from './testing/until.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** The real program, as a process, on real stores and a real API server. */
describe('the API server', { timeout: 60_000 }, () => {
  let redis: TestRedis;
  let cluster: Awaited<ReturnType<typeof startTestCluster>>;
  let database: MigratedDatabase;
  let onPrem: MigratedDatabase;
  const running: { child: ChildProcess; exited: Promise<unknown> }[] = [];

  beforeAll(async () => {
    cluster = await startTestCluster();
    redis = await startTestRedis();
    database = await createMigratedDatabase();
    onPrem = await createMigratedDatabase();
  });
  afterEach(async () => {
    for (const { child, exited } of running.splice(0)) {
      child.kill('SIGKILL');
      await exited;
    }
  });
  afterAll(async () => {
    await redis.stop();
    await Promise.all([database.drop(), onPrem.drop(), cluster.stop()]);
  });

  test('signup reaches Kubernetes with two field managers, and ends cleanly on SIGTERM', async () => {
    const server = await start({ SAAS_MODE: 'true' });
    const signedUp = await signUp(server.url, 'cluster');
    const tenant = await seen(signedUp.tenant.name);
    expect(tenant.spec).toMatchObject({
      tenantID: signedUp.tenant.id,
      displayName: 'Grüner Tee AG',
      contact: { name: 'Jane Smith', email: 'cluster@example.com' },
      plan: 'Free',
      billing: 'Stripe',
    });
    expect(tenant.spec.workflows.map((workflow: { name: string }) => workflow.name)).toEqual([
      'lead-capture',
      'caller-questions',
    ]);
    expect(await managersOf(signedUp.tenant.name)).toEqual(['veralux-billing', 'veralux-config']);
    server.child.kill('SIGTERM');
    expect(await server.exited).toEqual([0, null]);
    expect(server.output()).not.toContain('cluster@example.com');
  });

  test('a signup while the cluster is away is answered, and made up for when it is back', async () => {
    const awayConfig = await kubeconfigOfNobody();
    const away = await start({ SAAS_MODE: 'true', KUBECONFIG: awayConfig }, 'not ready');
    const ready = await callAt(away.url)('GET', '/ready');
    expect(ready.status).toBe(503);
    expect(ready.body.checks).toMatchObject({
      postgres: { state: 'Up', ageMs: expect.any(Number) },
      redis: { state: 'Up', ageMs: expect.any(Number) },
      informer: { state: 'Down', ageMs: null },
    });
    const signedUp = await signUp(away.url, 'away');
    away.child.kill('SIGKILL');
    await away.exited;
    await start({ SAAS_MODE: 'true' });
    expect((await seen(signedUp.tenant.name)).spec.tenantID).toBe(signedUp.tenant.id);
  });

  test('killed right after signup, it makes the resource when it is back, once', async () => {
    const server = await start({ SAAS_MODE: 'true' });
    const signedUp = await signUp(server.url, 'killed');
    server.child.kill('SIGKILL');
    await server.exited;
    await start({ SAAS_MODE: 'true' });
    await seen(signedUp.tenant.name);
    const all = JSON.parse(await cluster.kubectl('get', 'tenants', '-o', 'json')).items;
    const ours = all.filter(
      (item: { spec: { tenantID?: string } }) => item.spec.tenantID === signedUp.tenant.id,
    );
    expect(ours).toHaveLength(1);
  });

  test("a Tenant made with kubectl is the on-prem administrator's, with its plan's limits and its calls", async () => {
    // The administrator is let into the first tenant there is, so this one has to be alone.
    await cluster.kubectl('delete', 'tenants', '--all');
    await cluster.kubectl('create', 'namespace', 'onprem-one');
    const settings = { SAAS_MODE: 'false', NAMESPACE: 'onprem-one' };
    const [server] = await Promise.all([start(settings), start(settings)]);
    const credentials = await adminSecret('onprem-one');
    expect(credentials.email).toBe('admin@veralux.local');
    const tenantID = crypto.randomUUID();
    await makeTenant('onprem-acme', tenantID);
    const call = callAt(server.url);
    const token = await until(async () => {
      const reply = await call('POST', '/api/auth/login', { body: credentials });
      return reply.body.tenant ? reply.body.token : undefined;
    });
    const usage = await call('GET', '/api/admin/usage', { token });
    expect(usage.body).toMatchObject({ plan: 'OnPrem', limits: { callsPerMonth: null, minutesPerMonth: 5 } });
    const client = await connectRedis({ url: redis.url, name: 'test', log: silentLogger });
    const events = callEvents({ tenantID });
    await append(client, events);
    await disconnectRedis(client);
    const reply = await until(async () => {
      const answer = await call('GET', `/api/admin/calls/${events[0]?.callID}`, { token });
      return answer.body.usage ? answer : undefined;
    });
    expect(reply.body.transcript).toHaveLength(2);
    const counted = await until(async () => {
      const { body } = await call('GET', '/api/admin/usage', { token });
      return body.usage.api_requests > 0 ? body : undefined;
    });
    expect(counted).toMatchObject({ usage: { call_count: 1 }, remaining: { minutesPerMonth: 3 } });
  });

  test('a deleted Tenant goes when its rows are recorded as kept, and another of its id may adopt them', async () => {
    await cluster.kubectl('create', 'namespace', 'onprem-ends');
    await start({ SAAS_MODE: 'false', NAMESPACE: 'onprem-ends' });
    const tenantID = crypto.randomUUID();
    const record = [
      'configmap',
      `retained-${tenantID}`,
      '--namespace=onprem-ends',
      '-o',
      'jsonpath={.data.name}',
    ];
    await makeTenant('onprem-ends', tenantID);
    await until(() => onPrem.worker.query('SELECT FROM tenants WHERE tenant_id = $1', [tenantID]).then(some));
    const finalizers = JSON.stringify({ metadata: { finalizers: ['veralux.io/data'] } });
    await cluster.kubectl('patch', 'tenant', 'onprem-ends', '--type=merge', '-p', finalizers);
    await cluster.kubectl('delete', 'tenant', 'onprem-ends', '--timeout=20s');
    expect(await cluster.kubectl('get', ...record)).toBe('onprem-ends');

    await makeTenant('onprem-again', tenantID);
    await cluster.kubectl('annotate', 'tenant', 'onprem-again', 'veralux.io/adopt-data=true');
    await until(() =>
      cluster.kubectl('get', ...record).then(
        () => undefined,
        () => true,
      ),
    );
    const rows = await onPrem.worker.query('SELECT name, deleted_at FROM tenants WHERE tenant_id = $1', [
      tenantID,
    ]);
    expect(rows).toEqual([{ name: 'onprem-again', deleted_at: null }]);
  });

  test("the administrator's lost Secret is made again with a password that works", async () => {
    await cluster.kubectl('create', 'namespace', 'onprem-two');
    const first = await start({ SAAS_MODE: 'false', NAMESPACE: 'onprem-two' });
    const before = await adminSecret('onprem-two');
    first.child.kill('SIGKILL');
    await first.exited;
    await cluster.kubectl('delete', 'secret', 'veralux-admin', '--namespace=onprem-two');
    const second = await start({ SAAS_MODE: 'false', NAMESPACE: 'onprem-two' });
    const after = await adminSecret('onprem-two');
    expect(after.password).not.toBe(before.password);
    const call = callAt(second.url);
    const statuses = async () =>
      Promise.all(
        [before, after].map(async (body) => (await call('POST', '/api/auth/login', { body })).status),
      );
    expect(await statuses()).toEqual([401, 200]);
    expect(second.output()).not.toContain(after.password);
  });

  test('refuses to start as a role that sees every tenant', async () => {
    const superuser = await startRaw({ DATABASE_URL: database.adminURL });
    expect(await superuser.exited).toEqual([1, null]);
    expect(superuser.output()).toContain('a superuser, so one tenant could see another');
  });

  function some(answer: { length?: number }): true | undefined {
    return answer.length === 0 ? undefined : true;
  }

  async function start(settings: Record<string, string>, wanted: 'ready' | 'not ready' = 'ready') {
    const server = await startRaw(settings);
    await until(async () => {
      if (server.child.exitCode !== null) throw new Error(server.output());
      const reply = await callAt(server.url)('GET', '/ready').catch(() => undefined);
      if (wanted === 'not ready') return reply && !reply.body.problem ? true : undefined;
      return reply?.status === 200 ? true : undefined;
    });
    return server;
  }

  async function startRaw(settings: Record<string, string>) {
    const { appURL, workerURL } = settings.SAAS_MODE === 'false' ? onPrem : database;
    const port = await freePort();
    const child = spawn(process.execPath, [MAIN], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        DATABASE_URL: appURL,
        WORKER_DATABASE_URL: workerURL,
        REDIS_URL: redis.url,
        JWT_SECRET: TEST_SECRET,
        KUBECONFIG: cluster.kubeconfigPath,
        HOST: '127.0.0.1',
        PORT: String(port),
        METRICS_PORT: '0',
        STOP_DELAY_MS: '0',
        ADMIN_RATE_MAX: '100000',
        AUTH_RATE_MAX: '100000',
        ...settings,
      },
    });
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const exited = once(child, 'exit');
    running.push({ child, exited });
    return { child, exited, url: `http://127.0.0.1:${port}`, output: () => text };
  }

  async function signUp(url: string, label: string): Promise<Reply['body']> {
    const body = {
      email: `${label}@example.com`,
      password: 'SecureP@ss123',
      name: 'Jane Smith',
      companyName: 'Grüner Tee AG',
    };
    const reply = await callAt(url)('POST', '/api/auth/signup', { body });
    expect(reply.status).toBe(201);
    return reply.body;
  }

  /** The Tenant once both of its managers have written. */
  async function seen(name: string): Promise<Reply['body']> {
    return until(async () => {
      const text = await cluster.kubectl('get', 'tenant', name, '-o', 'json').catch(() => undefined);
      if (text === undefined || (await managersOf(name)).length < 2) return undefined;
      return JSON.parse(text);
    });
  }

  async function managersOf(name: string): Promise<string[]> {
    const text = await cluster.kubectl('get', 'tenant', name, '-o', 'json', '--show-managed-fields');
    const managers: { manager: string }[] = JSON.parse(text).metadata.managedFields;
    return managers.map((entry) => entry.manager).sort();
  }

  async function adminSecret(namespace: string): Promise<{ email: string; password: string }> {
    return until(async () => {
      const text = await cluster
        .kubectl('get', 'secret', 'veralux-admin', `--namespace=${namespace}`, '-o', 'json')
        .catch(() => undefined);
      if (text === undefined) return undefined;
      const { email, password } = JSON.parse(text).data;
      return { email: atob(email), password: atob(password) };
    });
  }

  /** As kubectl apply and then the operator's status would. */
  async function makeTenant(name: string, tenantID: string): Promise<void> {
    const manifest = {
      apiVersion: 'veralux.io/v1alpha1',
      kind: 'Tenant',
      metadata: { name },
      spec: { displayName: 'Acme', plan: 'OnPrem', limits: { minutesPerMonth: 5 } },
    };
    await cluster.kubectlWithInput(JSON.stringify(manifest), 'apply', '-f', '-');
    const status = JSON.stringify({ status: { tenantID } });
    await cluster.kubectl('patch', 'tenant', name, '--subresource=status', '--type=merge', '-p', status);
  }

  /** A kubeconfig whose server is a port at which nobody listens. */
  async function kubeconfigOfNobody(): Promise<string> {
    const { mkdtemp, readFile, writeFile } = await import('node:fs/promises');
    const { tmpdir } = await import('node:os');
    const text = await readFile(cluster.kubeconfigPath, 'utf8');
    const path = `${await mkdtemp(`${tmpdir()}/veralux-test-`)}/kubeconfig`;
    await writeFile(
      path,
      text.replace(/https:\/\/127\.0\.0\.1:\d+/g, `https://127.0.0.1:${await freePort()}`),
    );
    return path;
  }

  async function freePort(): Promise<number> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }
});
