import { z } from 'zod';
import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { Logger } from '#lib/log/logger.ts';
import { BILLING_MANAGER, CONFIG_MANAGER } from '../configuration/field-managers.ts';
import type { Database } from '../database/database.ts';
import { type JobHandler, JobRefused } from '../jobs/job-queue.ts';
import { newTenantName } from './tenant-name.ts';

export interface ProvisionDeps {
  readonly kube: Pick<KubeClient, 'get' | 'apply'>;
  /** As the worker role. */
  readonly database: Database;
  readonly log: Logger;
}

const jobSchema = z.strictObject({ tenantID: z.uuid() });

interface SignedUpRow {
  readonly name: string;
  readonly display_name: string;
  readonly contact_name: string;
  readonly contact_email: string;
  readonly provisioned_at: Date | null;
}

/** The parts of a live Tenant that say whose it is and who has written to it. */
interface LiveTenant extends KubeObject {
  readonly metadata: KubeObject['metadata'] & {
    readonly managedFields?: readonly { readonly manager?: string }[];
  };
  readonly spec?: { readonly tenantID?: string };
}

/**
 * The job that makes a signed-up tenant's resource. Every step looks first whether it was done, so it
 * can be killed anywhere and run again, and never undoes what people configured since.
 * Throws KubeError and DatabaseUnavailable, which make the queue try again, and JobRefused when the
 * cluster will not have this Tenant.
 */
export function provisionTenant(deps: ProvisionDeps): JobHandler {
  return async (data) => {
    const { tenantID } = jobSchema.parse(data);
    const [row] = await deps.database.query<SignedUpRow>(
      `SELECT name, display_name, contact_name, contact_email, provisioned_at
         FROM tenants WHERE tenant_id = $1 AND source = 'Signup'`,
      [tenantID],
    );
    if (!row || row.provisioned_at) return;
    const live = await readOwn(deps, tenantID, row);
    try {
      await applyResource(deps, tenantID, row, live);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // Another Tenant may have taken the name since it was looked at: then it is not ours that was refused.
      await readOwn(deps, tenantID, row);
      throw new JobRefused(error);
    }
    await deps.database.query('UPDATE tenants SET provisioned_at = now() WHERE tenant_id = $1', [tenantID]);
    deps.log.info({ tenantID, tenant: row.name }, 'a signed-up tenant has its resource');
  };
}

/** The Tenant as it is, undefined when it is still to be made. Throws when the name is another's. */
async function readOwn(
  deps: ProvisionDeps,
  tenantID: string,
  row: SignedUpRow,
): Promise<LiveTenant | undefined> {
  const live = await deps.kube.get<LiveTenant>(TENANT, { name: row.name });
  if (live && live.spec?.tenantID !== tenantID) await rename(deps, tenantID, row);
  return live;
}

/** Whether the API server read the object and will not have it: 400, too large, or invalid. */
function isRefusal(error: unknown): boolean {
  return error instanceof KubeError && [400, 413, 422].includes(error.status);
}

async function applyResource(
  { kube }: ProvisionDeps,
  tenantID: string,
  row: SignedUpRow,
  live: LiveTenant | undefined,
): Promise<void> {
  const metadata = { name: row.name };
  if (!isManagedBy(live, CONFIG_MANAGER)) {
    const spec = {
      tenantID,
      displayName: row.display_name,
      contact: { name: row.contact_name, email: row.contact_email },
      billing: 'Stripe',
      workflows: defaultWorkflows,
    };
    await kube.apply(TENANT, { metadata, spec }, { fieldManager: CONFIG_MANAGER });
  }
  if (!isManagedBy(live, BILLING_MANAGER)) {
    await kube.apply(
      TENANT,
      { metadata, spec: { plan: 'Free' } },
      { fieldManager: BILLING_MANAGER, force: true },
    );
  }
}

function isManagedBy(live: LiveTenant | undefined, manager: string): boolean {
  return live?.metadata.managedFields?.some((entry) => entry.manager === manager) ?? false;
}

/** The name is another Tenant's, by chance or by hand: take another one, and let the queue try again. */
async function rename({ database, log }: ProvisionDeps, tenantID: string, row: SignedUpRow): Promise<never> {
  const name = newTenantName(row.display_name);
  await database.query('UPDATE tenants SET name = $1 WHERE tenant_id = $2 AND name = $3', [
    name,
    tenantID,
    row.name,
  ]);
  log.info({ tenantID, taken: row.name, name }, 'the name of a signed-up tenant was taken; it got another');
  throw new Error(`the name ${row.name} is another Tenant's; the next attempt uses ${name}`);
}
