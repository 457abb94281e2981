import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createMigratedDatabase, type MigratedDatabase } from '#apiserver/testing/test-database.ts';
import { retainedName } from '#crds/tenant/kept-data.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { startProgram } from '#hack/demo/programs.ts';
import { serviceAccountKubeconfig } from '#hack/demo/service-account-kubeconfig.ts';
import { Processes } from '#hack/local/processes.ts';
import { AuditLog } from '#hack/testing/audit-log.ts';
import { testCluster } from '#hack/testing/cluster.ts';
import { PolicedCluster } from '#hack/testing/policed-cluster.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { rightsOf, unusedRights } from '#hack/testing/rights.ts';
import { CONFIG_MAPS, SECRETS } from '#lib/kube/resource.ts';

const SYSTEM = 'veralux-system';
const APISERVER = { namespace: SYSTEM, name: 'veralux-apiserver' };
const TENANT_ID = '7b0c7c2e-7c1a-4b7e-9d3f-0d5a3c1b2a19';
const OPTIONS = { fieldManager: 'test' };
const WAIT = { timeout: 15_000, interval: 100 };

/** Our API server goes through all that it does in Kubernetes, with the rights that are shipped. */
const audit = new AuditLog(SYSTEM);
const processes = new Processes(testCluster().directory, { prefix: 'apiserver-rights-' });
let cluster: PolicedCluster;
let redis: TestRedis;
let saas: MigratedDatabase;
let onPrem: MigratedDatabase;

beforeAll(async () => {
  const apiserverArgs = [...audit.args, '--feature-gates=WatchList=false'];
  cluster = await PolicedCluster.start({ apiserverArgs, unlimited: ['person', 'operator'] });
  redis = await startTestRedis();
  saas = await createMigratedDatabase();
  onPrem = await createMigratedDatabase();
});
afterAll(async () => {
  await processes.endAll();
  await Promise.all([saas.drop(), onPrem.drop(), redis.stop(), cluster.stop()]);
  audit.remove();
});

test('the API server needs every right that it has, is denied nothing, and is refused nothing by policies', async () => {
  const kubeconfig = await serviceAccountKubeconfig(
    { kubectl: (args) => cluster.kubectl(...args), kubeconfigPath: cluster.kubeconfigPath },
    APISERVER.name,
  );
  await signUpAndClose(await start('saas', saas, kubeconfig));
  await start('onprem', onPrem, kubeconfig);
  const administrator = () => cluster.as('person').get(SECRETS, { namespace: SYSTEM, name: 'veralux-admin' });
  await vi.waitFor(async () => expect(await administrator()).toBeDefined(), WAIT);
  await endAndAdopt();

  const requests = audit.read().filter(({ user }) => user.endsWith(`:${APISERVER.name}`));
  expect(unusedRights(await rightsOf(cluster.as('person'), APISERVER), requests, [])).toEqual([]);
  expect(requests.filter(({ allowed }) => !allowed)).toEqual([]);
  expect(requests.filter(({ refusal }) => refusal !== undefined)).toEqual([]);
}, 90_000);

async function start(name: string, database: MigratedDatabase, kubeconfig: string): Promise<string> {
  const { url } = await startProgram(processes, {
    name,
    main: 'apiserver/main.ts',
    health: '/ready',
    env: {
      SAAS_MODE: String(name === 'saas'),
      DATABASE_URL: database.appURL,
      WORKER_DATABASE_URL: database.workerURL,
      REDIS_URL: redis.url,
      JWT_SECRET: 'a secret for tests that is long enough',
      METRICS_PORT: '0',
      STOP_DELAY_MS: '0',
      ADMIN_RATE_MAX: '100000',
      KUBECONFIG: kubeconfig,
    },
  });
  return url;
}

async function signUpAndClose(url: string): Promise<void> {
  const person = {
    email: 'a@example.com',
    password: 'SecureP@ss123',
    name: 'Jane',
    companyName: 'Harbor Dental',
  };
  const post = (path: string, body: object, token = '') =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
  const response = await post('/api/auth/signup', person);
  expect(response.status).toBe(201);
  const tenants = async () => (await cluster.as('person').list(TENANT)).items;
  await vi.waitFor(async () => expect(await tenants()).toHaveLength(1), WAIT);
  const { token, tenant } = (await response.json()) as { token: string; tenant: { name: string } };
  const closed = await post(
    '/api/admin/tenant/close',
    { name: tenant.name, data: 'Retain', password: 'SecureP@ss123' },
    token,
  );
  expect(closed.status).toBe(202);
  await vi.waitFor(async () => expect(await tenants()).toHaveLength(0), WAIT);
}

/** A Tenant whose rows are kept when it is deleted, and another that takes them up. */
async function endAndAdopt(): Promise<void> {
  const person = cluster.as('person');
  await makeTenant('ends', {});
  const row = () => onPrem.worker.query('SELECT FROM tenants WHERE tenant_id = $1', [TENANT_ID]);
  await vi.waitFor(async () => expect(await row()).toHaveLength(1), WAIT);
  const held = { metadata: { finalizers: ['veralux.io/data'] } };
  await person.mergePatch(TENANT, { name: 'ends' }, held, OPTIONS);
  await person.delete(TENANT, { name: 'ends' });
  await vi.waitFor(async () => expect(await person.get(TENANT, { name: 'ends' })).toBeUndefined(), WAIT);
  const record = () => person.get(CONFIG_MAPS, { namespace: SYSTEM, name: retainedName(TENANT_ID) });
  expect(await record()).toBeDefined();
  await makeTenant('again', { 'veralux.io/adopt-data': 'true' });
  await vi.waitFor(async () => expect(await record()).toBeUndefined(), WAIT);
}

async function makeTenant(name: string, annotations: Readonly<Record<string, string>>): Promise<void> {
  const spec = { displayName: 'Acme', plan: 'OnPrem' };
  await cluster.as('person').apply(TENANT, { metadata: { name, annotations }, spec }, OPTIONS);
  await cluster.as('operator').patchStatus(TENANT, { name }, { tenantID: TENANT_ID }, OPTIONS);
}
