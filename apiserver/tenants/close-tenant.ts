import { z } from 'zod';
import { TENANT } from '#crds/tenant/tenant.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason, isConflict } from '#lib/kube/kube-error.ts';
import { answering, WRITE_PROBLEMS } from '../configuration/answer-configuration.ts';
import { callCluster, readLive } from '../configuration/cluster-call.ts';
import { TenantNotReady, WriteContended } from '../configuration/configuration-error.ts';
import { BILLING_MANAGER, CONFIG_MANAGER } from '../configuration/field-managers.ts';
import { othersOf } from '../configuration/hand-over.ts';
import type { LiveTenant } from '../configuration/live-tenant.ts';
import { isLasting, ownedFields } from '../configuration/managed-fields.ts';
import type { Database } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';

export interface CloseTenantDeps {
  readonly database: Database;
  readonly kube: Pick<KubeClient, 'get' | 'mergePatch' | 'delete'>;
}

const policySchema = z
  .enum(['Retain', 'Purge'])
  .describe(
    'Purge: every row goes, and cannot be had again. Retain: the platform keeps them for the same tenant.',
  );

const requestSchema = z.strictObject({
  name: z
    .string()
    .max(63)
    .describe("The name of the tenant's resource, so that none is closed by mistake.")
    .meta({ examples: ['harbor-dental-x4k2p'] }),
  data: policySchema,
});

const replySchema = z.strictObject({ name: z.string(), data: policySchema });

/** `POST /api/admin/tenant/close`: the end of a tenant, by the end of its resource. */
export function closeTenantRoute(deps: CloseTenantDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/admin/tenant/close',
    operationID: 'closeTenant',
    summary:
      'Close the tenant for good: its calls end, its numbers are released or kept as each says, and its rows are ' +
      'purged or kept. One whose manifest is kept elsewhere is deleted there.',
    access: inTenant('Owner'),
    body: requestSchema,
    replies: { 202: { description: 'It ends, once its last call has.', schema: replySchema } },
    problems: WRITE_PROBLEMS,
    handle: ({ body, principal, once }) => {
      const { id: tenantID, name } = principal.tenant;
      if (name === null) throw new ApiError('tenant_not_ready', undefined, { retryAfterSeconds: 1 });
      if (name !== body.name) throw wrongName();
      return once({
        transaction: (work) => deps.database.withTenant(tenantID, work),
        tenantID,
        create: async (client) => {
          await client.query(
            'UPDATE tenants SET closed_at = now(), closing_policy = $2 WHERE tenant_id = $1',
            [tenantID, body.data],
          );
          await answering(() => endResource(deps.kube, { tenantID, name, policy: body.data }));
          return { status: 202, location: '/api/auth/me', body } as const;
        },
      });
    },
  });
}

function wrongName(): ApiError {
  const fields = [{ path: 'body.name', message: "is not the name of this tenant's resource" }];
  return new ApiError('invalid_request', undefined, { fields });
}

/**
 * Deletes the resource with what is to become of the rows in its spec. Repeating it is no harm. Throws ApiError
 * `managed_elsewhere`, WriteContended, TenantNotReady, ClusterUnavailable.
 */
async function endResource(
  kube: CloseTenantDeps['kube'],
  tenant: { readonly tenantID: string; readonly name: string; readonly policy: 'Retain' | 'Purge' },
): Promise<void> {
  const { name, policy } = tenant;
  const live = await readLive(kube, tenant);
  assertOurs(live);
  const { uid, resourceVersion } = live.metadata;
  const patch = { metadata: { uid, resourceVersion }, spec: { deletionPolicy: policy } };
  try {
    const { metadata } = await callCluster((signal) =>
      kube.mergePatch<LiveTenant>(TENANT, { name }, patch, { fieldManager: CONFIG_MANAGER, signal }),
    );
    // What the API server answers always has both; without one it would be nobody's.
    const { uid: ours = '', resourceVersion: version = '' } = metadata;
    const preconditions = { uid: ours, resourceVersion: version };
    await callCluster((signal) => kube.delete(TENANT, { name }, { preconditions, signal }));
  } catch (error) {
    if (isConflict(error)) throw new WriteContended(error);
    // Somebody else has just deleted it.
    throw hasReason(error, 'NotFound') ? new TenantNotReady(error) : error;
  }
}

/** Whoever keeps the manifest would make the Tenant again. */
function assertOurs(live: LiveTenant): void {
  const keepers = othersOf(live)
    .filter((entry) => isLasting(entry) && entry.manager !== BILLING_MANAGER && ownedFields(entry).size > 0)
    .map(({ manager = 'an unnamed manager' }) => manager);
  if (keepers.length === 0) return;
  const fields = [...new Set(keepers)].map((manager) => ({
    path: 'spec',
    message: `is managed by ${manager}`,
  }));
  const names = [...new Set(keepers)].join(', ');
  throw new ApiError(
    'managed_elsewhere',
    `The manifest of this tenant is kept by ${names}; delete it there.`,
    {
      fields,
    },
  );
}
