import { uuidV5 } from '#lib/ids/uuid-v5.ts';
import { PackedTenant } from './packed-tenant.ts';

/**
 * The id of a tenant: spec.tenantID, else derived from the installation and the name, so that the
 * same manifest in the same installation always gets the same id.
 */
export function tenantIDOf(
  installationID: string,
  tenant: {
    readonly metadata: { readonly name: string };
    readonly spec?: { readonly tenantID?: unknown } | undefined;
  },
): string {
  const id = tenant instanceof PackedTenant ? tenant.tenantID : tenant.spec?.tenantID;
  return typeof id === 'string' ? id : uuidV5(installationID, tenant.metadata.name);
}
