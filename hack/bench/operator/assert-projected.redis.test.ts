import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectionKeys } from '#crds/projection/keys.ts';
import { profileOf } from '#crds/projection/tenant-profile.ts';
import { tenantSchema } from '#crds/tenant/tenant.ts';
import { startTopology, type TestTopology } from '#hack/testing/redis-topology.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { Samples } from '../prometheus-text.ts';
import { assertNoDrift, assertProjected, driftIn } from './assert-projected.ts';
import { benchTenant, benchTenantName } from './bench-tenant.ts';

let server: TestTopology;
let redis: Redis;

beforeAll(async () => {
  server = await startTopology('one server');
  ({ redis } = server);
});
afterAll(() => server.stop());

async function project(index: number, displayName?: string): Promise<void> {
  const tenant = tenantSchema.parse(benchTenant(benchTenantName(index)));
  const { tenantID = '' } = tenant.spec;
  const profile = profileOf(tenant, tenantID);
  const value = displayName === undefined ? profile : { ...profile, displayName };
  await redis.hset(projectionKeys.tenant(tenantID), 'value', JSON.stringify(value));
}

test('a bench fails where Redis lacks a profile, and where one is another than it should be', async () => {
  const site = { redisURL: server.url };
  await project(0);
  await assertProjected(site, 1);
  await expect(assertProjected(site, 2)).rejects.toThrow('1 of 2 Tenants: bench-00001.');
  await project(1, 'another');
  await expect(assertProjected(site, 2)).rejects.toThrow('1 of 2 Tenants: bench-00001.');
  await project(1);
  await assertProjected(site, 2);
});

test('a bench fails where full passes had something to repair', () => {
  const metrics = new Samples(
    ['missing', 'different', 'unwanted']
      .map((kind, index) => `veralux_projection_drift_total{kind="${kind}"} ${10 ** index}`)
      .join('\n'),
  );
  expect(driftIn(metrics, { countMissing: true })).toBe(111);
  expect(driftIn(metrics, { countMissing: false })).toBe(110);
  assertNoDrift(0);
  expect(() => assertNoDrift(3)).toThrow('3 keys');
});
