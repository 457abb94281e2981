import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { migrate, type StartedProgram, startProgram } from '#hack/demo/programs.ts';
import { Processes } from '#hack/local/processes.ts';
import { type OwnTestCluster, startTestCluster } from '#hack/testing/cluster.ts';
import { FaultyProxy } from '#hack/testing/faulty-proxy.ts';
import { type OwnPostgres, startOwnPostgres } from '#hack/testing/own-postgres.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { loadKubeConfig } from '#lib/kube/load-kube-config.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { Database } from './database/database.ts';
import { ApiLoad, type SignedUp } from './testing/api-load.ts';
import { callAt, type Reply, TEST_SECRET } from './testing/test-api.ts';
import { until } from './testing/until.ts';

const MANY = '1000000';

/** The real program under load, while what it leans on ends and comes back. */
describe('the API server under load', { timeout: 120_000 }, () => {
  let cluster: OwnTestCluster;
  let proxy: FaultyProxy;
  let kubeconfig: string;
  let redis: TestRedis;
  let postgres: OwnPostgres;
  let urls: { readonly appURL: string; readonly workerURL: string };
  let worker: Database;
  let processes: Processes;
  let server: StartedProgram;

  beforeAll(async () => {
    [cluster, redis, postgres] = await Promise.all([
      startTestCluster(),
      startTestRedis(),
      startOwnPostgres(),
    ]);
    const config = loadKubeConfig(cluster.kubeconfigPath);
    proxy = await FaultyProxy.start(config);
    kubeconfig = join(cluster.directory, 'data', `outages-${randomUUID()}.json`);
    writeFileSync(kubeconfig, proxy.kubeConfig(config).exportConfig());
    processes = new Processes(cluster.directory, { prefix: 'outages-' });
    urls = await migrate(processes, postgres.adminURL);
    worker = new Database({ url: urls.workerURL, name: 'test', maxConnections: 2, log: silentLogger });
  });
  beforeEach(async () => {
    await processes.endAll();
    server = await start();
  });
  afterAll(async () => {
    await processes.endAll();
    await worker.end();
    await proxy.close();
    await Promise.all([redis.stop(), postgres.stop(), cluster.stop()]);
  });

  test('Postgres restarted: 503 while it is away, and nothing is lost', async () => {
    const { load, person } = await begin();
    await postgres.end();
    expect((await readiness('postgres', 'Down')).status).toBe(503);
    await more(load, '503 database_unavailable');
    await postgres.startAgain();
    expect((await readiness('postgres', 'Up')).status).toBe(200);
    await finish(load);
    expect(new Set(load.answers.keys())).toEqual(new Set(['200', '201', '503 database_unavailable']));
    await assertKept(load, person);
  });

  test('Redis restarted: everybody is served, and nothing is lost', async () => {
    const { load, person } = await begin();
    await redis.kill();
    // All replicas are without it at once: none of them leaves its Service for that.
    expect((await readiness('redis', 'Down')).status).toBe(200);
    await more(load, '200');
    await redis.restart();
    expect((await readiness('redis', 'Up')).status).toBe(200);
    await finish(load);
    expect(new Set(load.answers.keys())).toEqual(new Set(['200', '201']));
    await assertKept(load, person);
  });

  test('the cluster away: people sign up, and get their resource when it is back', async () => {
    const { load, person } = await begin();
    await proxy.pause();
    const before = load.signedUp.length;
    await until(async () => (load.signedUp.length > before + 1 ? true : undefined));
    // Those who are there are served, so the server stays ready.
    expect((await callAt(server.url)('GET', '/ready')).status).toBe(200);
    await proxy.resume();
    await finish(load);
    expect(new Set(load.answers.keys())).toEqual(new Set(['200', '201']));
    await assertKept(load, person);
  });

  test('SIGTERM: every request is answered, none by 5xx, and no write is lost', async () => {
    const { load, person } = await begin();
    process.kill(server.process.pid, 'SIGTERM');
    await load.ended;
    await server.process.finished(30_000);
    expect(load.failures).toEqual([]);
    expect(new Set(load.answers.keys())).toEqual(new Set(['200', '201']));
    // What is in Postgres now was written before the end: nobody else does.
    expect(await requestsOf(person)).toBe(load.reads);
    server = await start();
    await assertKept(load, person);
  });

  function start(): Promise<StartedProgram> {
    return startProgram(processes, {
      name: 'apiserver',
      main: 'apiserver/main.ts',
      health: '/ready',
      env: {
        SAAS_MODE: 'true',
        DATABASE_URL: urls.appURL,
        WORKER_DATABASE_URL: urls.workerURL,
        REDIS_URL: redis.url,
        JWT_SECRET: TEST_SECRET,
        KUBECONFIG: kubeconfig,
        METRICS_PORT: '0',
        STOP_DELAY_MS: '1000',
        ADMIN_RATE_MAX: MANY,
        AUTH_RATE_MAX: MANY,
        SIGNUPS_PER_DAY_PER_NETWORK: MANY,
        CONTROL_REPLICAS: '1',
      },
    });
  }

  /** Somebody who reads, and a load under way. */
  async function begin(): Promise<{ load: ApiLoad; person: SignedUp }> {
    const email = `${randomUUID()}@example.com`;
    const body = { email, password: 'SecureP@ss123', name: 'Jane Smith', companyName: 'Acme' };
    const reply = await callAt(server.url)('POST', '/api/auth/signup', { body });
    expect(reply.status).toBe(201);
    const { id: tenantID, name } = reply.body.tenant;
    const load = new ApiLoad(server.url, reply.body.token);
    await more(load, '200');
    await more(load, '201');
    return { load, person: { email, tenantID, name } };
  }

  /** Waits for some more such answers. */
  function more(load: ApiLoad, answer: string): Promise<true> {
    const count = () => load.answers.get(answer) ?? 0;
    const before = count();
    return until(async () => (count() > before ? true : undefined));
  }

  /** Lets them be served again, and then ends it. */
  async function finish(load: ApiLoad): Promise<void> {
    await more(load, '200');
    await more(load, '201');
    await load.end();
    expect(load.failures).toEqual([]);
  }

  /** `/ready` once it says that of a dependency. */
  function readiness(name: string, state: string): Promise<Reply> {
    return until(async () => {
      const reply = await callAt(server.url)('GET', '/ready');
      return reply.body.checks[name].state === state ? reply : undefined;
    });
  }

  /** Whoever was told to be signed up is there, once, with a resource; and every reading was counted. */
  async function assertKept({ signedUp, reads }: ApiLoad, person: SignedUp): Promise<void> {
    const emails = signedUp.map(({ email }) => email);
    const people = await worker.query('SELECT email FROM users WHERE email = ANY($1)', [emails]);
    expect(people).toHaveLength(emails.length);
    const unprovisioned = () =>
      worker.query('SELECT name FROM tenants WHERE tenant_id = ANY($1) AND provisioned_at IS NULL', [
        signedUp.map(({ tenantID }) => tenantID),
      ]);
    await until(async () => ((await unprovisioned()).length === 0 ? true : undefined));
    const live = await cluster.kubectl('get', 'tenants', '--output=name');
    for (const { name } of signedUp) expect(live).toContain(`/${name}\n`);
    expect(
      await until(async () => ((await requestsOf(person)) >= reads ? requestsOf(person) : undefined)),
    ).toBe(reads);
  }

  async function requestsOf({ tenantID }: SignedUp): Promise<number> {
    const [row] = await worker.query<{ quantity: string }>(
      `SELECT quantity FROM usage_counters WHERE tenant_id = $1 AND metric = 'api_requests'`,
      [tenantID],
    );
    return Number(row?.quantity ?? 0);
  }
});
