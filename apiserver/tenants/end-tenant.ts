import { z } from 'zod';
import { TENANT } from '#crds/tenant/tenant.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { Logger } from '#lib/log/logger.ts';
import { CONFIG_MANAGER } from '../configuration/field-managers.ts';
import type { LiveTenant } from '../configuration/live-tenant.ts';
import type { Database } from '../database/database.ts';
import type { JobHandler } from '../jobs/job-queue.ts';

export interface EndTenantDeps {
  readonly kube: Pick<KubeClient, 'get' | 'mergePatch' | 'delete'>;
  /** As the worker role. */
  readonly database: Database;
  readonly log: Logger;
}

const jobSchema = z.strictObject({ tenantID: z.uuid() });

interface ClosedRow {
  readonly name: string;
  readonly closing_uid: string;
  readonly closing_policy: 'Retain' | 'Purge';
}

/**
 * The job that deletes the resource of a tenant which its owner has closed, with what is to become of the rows in its
 * spec. Once the owner was told, nothing but its end stops it: a policy that stayed behind on a living tenant would purge
 * it whenever somebody deletes it for another reason. It can be killed anywhere and run again. Throws KubeError and
 * DatabaseUnavailable, which make the queue try again.
 */
export function endTenant({ kube, database, log }: EndTenantDeps): JobHandler {
  return async (data) => {
    const { tenantID } = jobSchema.parse(data);
    const [row] = await database.query<ClosedRow>(
      'SELECT name, closing_uid, closing_policy FROM tenants WHERE tenant_id = $1 AND closed_at IS NOT NULL',
      [tenantID],
    );
    if (!row) return;
    const { name, closing_uid: uid, closing_policy: deletionPolicy } = row;
    const live = await kube.get<LiveTenant>(TENANT, { name });
    // It is gone; one that was made since is not what was closed.
    if (live?.metadata.uid !== uid) return;
    // By uid alone: whoever else writes to it meanwhile holds nothing up.
    const patch = { metadata: { uid }, spec: { deletionPolicy } };
    await kube.mergePatch(TENANT, { name }, patch, { fieldManager: CONFIG_MANAGER });
    await kube.delete(TENANT, { name }, { preconditions: { uid } });
    log.info({ tenantID, tenant: name, deletionPolicy }, 'a closed tenant ends');
  };
}
