import { LocalError } from '#hack/local/local-error.ts';
import { inParallel, RawPool } from '../raw-pool.ts';
import { benchTenant, benchTenantName } from './bench-tenant.ts';
import type { Site } from './site.ts';

/** How many requests are under way at once, wherever the benches make load. */
export const IN_FLIGHT = 32;
const TENANTS = '/apis/veralux.io/v1alpha1/tenants';

/** What the API server gave to a Tenant that was made. */
export interface MadeTenant {
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Makes `count` Tenants of 8 KB by plain POST; also how fast that went. */
export async function makeTenants(
  site: Site,
  count: number,
): Promise<{ readonly tenants: readonly MadeTenant[]; readonly perSecond: number }> {
  const pool = new RawPool(site.kubeconfigPath, IN_FLIGHT);
  const tenants: MadeTenant[] = [];
  const beganAtMs = performance.now();
  try {
    await inParallel(count, IN_FLIGHT, async (index) => {
      tenants.push(await makeTenant(pool, benchTenantName(index)));
    });
  } finally {
    await pool.close();
  }
  return { tenants, perSecond: count / ((performance.now() - beganAtMs) / 1_000) };
}

/** Makes one Tenant by POST; throws a LocalError with the API server's words where it is refused. */
export async function makeTenant(pool: RawPool, name: string): Promise<MadeTenant> {
  const { status, text } = await pool.text({
    method: 'POST',
    path: TENANTS,
    contentType: 'application/json',
    body: JSON.stringify(benchTenant(name)),
  });
  if (status !== 201) throw new LocalError('tenant_not_made', `POST of ${name}: ${status} ${text}`);
  const { metadata } = JSON.parse(text) as { metadata: MadeTenant };
  return { name, uid: metadata.uid, resourceVersion: metadata.resourceVersion };
}

/** How many small ConfigMaps a second are made by plain POST. */
export async function plainPostRate(site: Site, count: number): Promise<number> {
  const pool = new RawPool(site.kubeconfigPath, IN_FLIGHT);
  const beganAtMs = performance.now();
  try {
    await inParallel(count, IN_FLIGHT, async (index) => {
      const name = `plain-post-${index}`;
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { key: 'value' } };
      const status = await pool.send({
        method: 'POST',
        path: '/api/v1/namespaces/default/configmaps',
        contentType: 'application/json',
        body: JSON.stringify(object),
      });
      if (status !== 201) throw new LocalError('configmap_not_made', `POST of ${name}: ${status}`);
    });
  } finally {
    await pool.close();
  }
  return count / ((performance.now() - beganAtMs) / 1_000);
}
