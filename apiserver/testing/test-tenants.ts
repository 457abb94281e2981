import { randomUUID } from 'node:crypto';
import { TENANT, type Tenant, type TenantSpec } from '#crds/tenant/tenant.ts';
import { testCluster } from '#hack/testing/cluster.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { KubeClient } from '#lib/kube/kube-client.ts';
import { loadKubeConfig } from '#lib/kube/load-kube-config.ts';
import type { WriteDeps } from '../configuration/write-configuration.ts';
import type { MigratedDatabase } from './test-database.ts';

/** A tenant with its row and its resource on the cluster that test files share. */
export interface TestTenant {
  readonly tenantID: string;
  readonly name: string;
}

/** Tenants on a real API server and a real database, as the API's replicas meet them. */
export class TestTenants {
  readonly database: MigratedDatabase;
  readonly kube: KubeClient;
  readonly #prefix: string;
  readonly #clients: KubeClient[] = [];

  /** `prefix` begins the names, so that no other file's are met. */
  constructor(database: MigratedDatabase, prefix: string) {
    this.database = database;
    this.#prefix = prefix;
    this.kube = this.client();
  }

  /** A connection of its own to the API server. */
  client(): KubeClient {
    const config = loadKubeConfig(testCluster().kubeconfigPath);
    const client = new KubeClient({ config, userAgent: 'veralux-test' });
    this.#clients.push(client);
    return client;
  }

  /** What a replica of the API writes with. */
  replica(): WriteDeps {
    return { kube: this.client(), database: this.database.app, clock: systemClock };
  }

  /** A tenant made by the API as `spec` says, beside its id and name. */
  async make(spec: object = {}, fieldManager = 'veralux-config'): Promise<TestTenant> {
    const tenantID = randomUUID();
    const name = `${this.#prefix}-${tenantID.slice(0, 8)}`;
    await this.database.worker.query(
      `INSERT INTO tenants (tenant_id, name, display_name, source) VALUES ($1, $2, 'Acme', 'Signup')`,
      [tenantID, name],
    );
    await this.kube.apply(
      TENANT,
      { metadata: { name }, spec: { tenantID, displayName: 'Acme', ...spec } },
      { fieldManager },
    );
    return { tenantID, name };
  }

  /** As the operator does. */
  async setStatus({ name, tenantID }: TestTenant): Promise<void> {
    await this.kube.patchStatus(TENANT, { name }, { tenantID }, { fieldManager: 'veralux-operator' });
  }

  async live({ name }: TestTenant): Promise<Tenant> {
    const live = await this.kube.get<Tenant>(TENANT, { name });
    if (!live) throw new Error(`${name} is gone`);
    return live;
  }

  async spec(tenant: TestTenant): Promise<TenantSpec> {
    return (await this.live(tenant)).spec;
  }

  /** As `kubectl patch` would. */
  async kubectlPatch({ name }: TestTenant, spec: object): Promise<void> {
    await testCluster().kubectl('patch', 'tenant', name, '--type=merge', '-p', JSON.stringify({ spec }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}
