import { z } from 'zod';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { answering, READ_PROBLEMS } from '../configuration/answer-configuration.ts';
import { readLive } from '../configuration/cluster-call.ts';
import { BILLING_MANAGER } from '../configuration/field-managers.ts';
import { othersOf } from '../configuration/hand-over.ts';
import type { LiveTenant } from '../configuration/live-tenant.ts';
import { isLasting, ownedFields } from '../configuration/managed-fields.ts';
import type { PoolClient } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { passwordSchema } from '../identity/password.ts';
import { type ProvePasswordDeps, provePassword } from '../identity/prove-password.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { CLOSE_TENANT } from '../jobs/job-queues.ts';

export interface CloseTenantDeps extends ProvePasswordDeps {
  readonly kube: Pick<KubeClient, 'get'>;
  readonly jobs: Pick<JobQueue, 'send' | 'wake'>;
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
  password: passwordSchema.describe('Of the owner who closes it: a token alone is no consent to this.'),
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
    isGuarded: true,
    body: requestSchema,
    replies: { 202: { description: 'It ends, once its last call has.', schema: replySchema } },
    problems: [...READ_PROBLEMS, 'managed_elsewhere', 'wrong_password', 'busy'],
    handle: async ({ body: { name, data, password }, principal: { tenant, user }, once }) => {
      if (tenant.name === null) throw new ApiError('tenant_not_ready', undefined, { retryAfterSeconds: 1 });
      if (tenant.name !== name) throw wrongName();
      await provePassword(deps, user.id, password);
      const uid = await uidToEnd(deps, { tenantID: tenant.id, name });
      const accepted = await once({
        transaction: (work) => deps.database.withTenant(tenant.id, work),
        tenantID: tenant.id,
        create: async (client) => {
          await recordClosing(client, { tenantID: tenant.id, policy: data, uid, userID: user.id });
          await deps.jobs.send(client, CLOSE_TENANT, { tenantID: tenant.id });
          return { status: 202, location: '/api/auth/me', body: { name, data } } as const;
        },
      });
      deps.jobs.wake(CLOSE_TENANT);
      return accepted;
    },
  });
}

function wrongName(): ApiError {
  const fields = [{ path: 'body.name', message: "is not the name of this tenant's resource" }];
  return new ApiError('invalid_request', undefined, { fields });
}

/**
 * The uid of the resource that is to end: the one that was recorded where it is closed already, as that may be gone by now.
 * Outside of any transaction, since the cluster may take its time. Throws ApiError `managed_elsewhere`,
 * `tenant_not_ready`, `cluster_unavailable`.
 */
async function uidToEnd(
  { database, kube }: CloseTenantDeps,
  tenant: { readonly tenantID: string; readonly name: string },
): Promise<string> {
  const { rows } = await database.withTenant(tenant.tenantID, (client) =>
    client.query<{ closing_uid: string | null }>('SELECT closing_uid FROM tenants WHERE tenant_id = $1', [
      tenant.tenantID,
    ]),
  );
  const recorded = rows[0]?.closing_uid;
  if (recorded) return recorded;
  const live = await answering(() => readLive(kube, tenant));
  assertOurs(live);
  const { uid } = live.metadata;
  if (uid === undefined) throw new Error('the API server gave a Tenant without a uid');
  return uid;
}

/** From here on it ends, whatever happens to this server or the cluster. */
async function recordClosing(
  client: PoolClient,
  closing: {
    readonly tenantID: string;
    readonly policy: 'Retain' | 'Purge';
    readonly uid: string;
    readonly userID: string;
  },
): Promise<void> {
  await client.query(
    `UPDATE tenants SET closed_at = now(), closing_policy = $2, closing_uid = $3, closed_by = $4
      WHERE tenant_id = $1`,
    [closing.tenantID, closing.policy, closing.uid, closing.userID],
  );
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
