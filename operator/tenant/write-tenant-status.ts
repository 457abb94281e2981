import { TENANT, type TenantStatus } from '#crds/tenant/tenant.ts';
import { writeStatus } from '#operator/engine/apply.ts';
import { FIELD_MANAGER } from '#operator/installation/names.ts';
import type { RawTenant } from '#operator/world/raw-objects.ts';
import type { TenantDependencies } from './tenant-dependencies.ts';

/** Writes the status where it differs, and shows the cache at once what came of it. */
export async function writeTenantStatus(
  object: RawTenant,
  status: TenantStatus,
  { client, world }: Pick<TenantDependencies, 'client' | 'world'>,
  signal?: AbortSignal,
): Promise<void> {
  const written = await writeStatus({
    client,
    resource: TENANT,
    fieldManager: FIELD_MANAGER,
    object,
    status,
    ...(signal === undefined ? {} : { signal }),
  });
  if (written !== undefined) world.tenants.observe(written);
}
