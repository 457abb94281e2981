import { expect, test } from 'vitest';
import { tenantSchema } from '#crds/tenant/tenant.ts';
import { benchTenant, benchTenantName } from './bench-tenant.ts';

test('the Tenants of the benches are valid and have specs of 8 KiB', () => {
  const tenant = benchTenant(benchTenantName(7));
  expect(tenantSchema.safeParse(tenant).error).toBeUndefined();
  const bytes = JSON.stringify(tenant.spec).length;
  expect(bytes).toBeGreaterThan(8_000);
  expect(bytes).toBeLessThanOrEqual(8_192);
});
