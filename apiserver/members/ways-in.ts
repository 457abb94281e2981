import type { PoolClient } from '../database/database.ts';
import { ApiError } from '../http/api-error.ts';
import { includesRole, type TenantRole } from '../identity/permissions.ts';
import type { PersonInTenant } from '../identity/principal.ts';

/**
 * Ends the ways into the tenant that a member made or was offered besides the membership. Of people the app role
 * sees members alone, so the membership has to be there still.
 */
export async function revokeWaysIn(client: PoolClient, tenantID: string, userID: string): Promise<void> {
  await client.query(
    `UPDATE api_keys SET revoked_at = now() WHERE tenant_id = $1 AND created_by = $2 AND revoked_at IS NULL`,
    [tenantID, userID],
  );
  await client.query(
    `UPDATE invitations SET revoked_at = now()
      WHERE tenant_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL
        AND (invited_by = $2 OR email = (SELECT email FROM users WHERE user_id = $2))`,
    [tenantID, userID],
  );
}

/**
 * Holds the membership of whoever makes a further way into the tenant until it is made: either whoever removes
 * them sees it, or they were removed already. Staff have none. Resolves to the role as it is now. Throws ApiError `not_permitted`.
 */
export async function holdAdmin(
  client: PoolClient,
  { user, tenant, entered }: PersonInTenant,
): Promise<TenantRole> {
  if (entered) return tenant.role;
  const { rows } = await client.query<{ role: TenantRole }>(
    'SELECT role FROM memberships WHERE tenant_id = $1 AND user_id = $2 FOR SHARE',
    [tenant.id, user.id],
  );
  const role = rows[0]?.role;
  if (role === undefined || !includesRole(role, 'Admin')) throw new ApiError('not_permitted');
  return role;
}
