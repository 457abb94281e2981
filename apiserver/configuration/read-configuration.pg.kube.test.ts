import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { type TestTenant, TestTenants } from '../testing/test-tenants.ts';
import { ClusterUnavailable, TenantNotReady } from './configuration-error.ts';
import { readConfiguration } from './read-configuration.ts';
import { writeConfiguration } from './write-configuration.ts';

const away = async () => {
  throw new KubeError({ status: 0, reason: 'Unreachable', message: 'away' });
};

describe('reading the configuration of a tenant', () => {
  let database: MigratedDatabase;
  let tenants: TestTenants;
  let tenant: TestTenant;
  const author = { kind: 'Person', id: randomUUID() } as const;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    tenants = new TestTenants(database, 'read');
  });
  beforeEach(async () => {
    tenant = await tenants.make();
  });
  afterAll(async () => {
    await tenants.close();
    await database.drop();
  });

  async function greet(greeting: string): Promise<void> {
    const change = (spec: { assistant: object }) => ({ assistant: { ...spec.assistant, greeting } }) as never;
    await writeConfiguration(tenants.replica(), { ...tenant, author, change });
  }

  /** On a replica whose informer has seen `seen`. */
  async function greetingRead(
    seen: KubeObject | undefined,
    get: unknown = tenants.kube.get.bind(tenants.kube),
  ) {
    const deps = { database: database.app, informer: { get: () => seen }, kube: { get: get as never } };
    return (await readConfiguration(deps, tenant.tenantID)).assistant.greeting;
  }

  test('comes from what is kept, without the cluster, where the replica has seen the last write', async () => {
    await greet('First.');
    expect(await greetingRead(await tenants.live(tenant), away)).toBe('First.');
  });

  test('is live where the replica is behind what another one wrote', async () => {
    await greet('First.');
    const seen = await tenants.live(tenant);
    await greet('Second.');
    expect(await greetingRead(seen)).toBe('Second.');
    await expect(greetingRead(seen, away)).rejects.toThrow(ClusterUnavailable);
    expect(await greetingRead(await tenants.live(tenant), away)).toBe('Second.');
  });

  test('is live where an edit was seen and is not kept yet, and where nothing was seen', async () => {
    await greet('First.');
    await tenants.kubectlPatch(tenant, { assistant: { greeting: 'Edited.' } });
    expect(await greetingRead(await tenants.live(tenant))).toBe('Edited.');
    expect(await greetingRead(undefined)).toBe('Edited.');
  });

  test('a tenant without its resource is told so', async () => {
    await database.worker.query('UPDATE tenants SET name = $2 WHERE tenant_id = $1', [
      tenant.tenantID,
      'nobody',
    ]);
    await expect(greetingRead(undefined)).rejects.toThrow(TenantNotReady);
    await database.worker.query('UPDATE tenants SET name = NULL WHERE tenant_id = $1', [tenant.tenantID]);
    await expect(greetingRead(undefined)).rejects.toThrow(TenantNotReady);
  });
});
