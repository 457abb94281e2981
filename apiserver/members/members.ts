import { z } from 'zod';
import type { Database, PoolClient } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { pageQuerySchema, pageSchema } from '../http/page.ts';
import { type PagedList, readTenantPage } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { includesRole, type TenantRole } from '../identity/permissions.ts';
import type { PersonInTenant } from '../identity/principal.ts';
import { memberSchema, roleSchema } from './member-schemas.ts';
import { revokeWaysIn } from './ways-in.ts';

interface MemberRow {
  readonly user_id: string;
  readonly email: string;
  readonly name: string;
  readonly role: TenantRole;
  readonly created_at: Date;
}

const MEMBERS = `
  SELECT m.user_id, u.email, u.name, m.role, m.created_at
    FROM memberships m JOIN users u ON u.user_id = m.user_id
   WHERE m.tenant_id = $1`;

const paramsSchema = z.strictObject({ userID: z.uuid() });

const MEMBER_LIST: PagedList<MemberRow, ReturnType<typeof memberOf>> = {
  select: MEMBERS,
  order: { at: 'm.created_at', id: 'm.user_id' },
  positionOf: (row) => ({ at: row.created_at, id: row.user_id }),
  itemOf: memberOf,
};

/** `GET /api/admin/members`: who belongs to the tenant. */
export function listMembersRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/members',
    operationID: 'listMembers',
    summary: 'List the people of the tenant, the latest joined first.',
    access: inTenant('Viewer'),
    query: pageQuerySchema,
    replies: { 200: { description: 'A page of members.', schema: pageSchema(memberSchema) } },
    handle: ({ query, principal }) =>
      readTenantPage(database, { tenantID: principal.tenant.id, query, list: MEMBER_LIST }),
  });
}

/** `PATCH /api/admin/members/{userID}`: another role. */
export function changeMemberRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'PATCH',
    path: '/api/admin/members/{userID}',
    operationID: 'changeMember',
    summary:
      'Give a member another role. Only owners make and unmake owners; the last one stays. ' +
      'Whoever is made a Viewer loses the API keys and open invitations that they made.',
    access: inTenant('Admin'),
    params: paramsSchema,
    body: z.strictObject({ role: roleSchema }),
    replies: { 200: { description: 'The member as it is now.', schema: memberSchema } },
    problems: ['last_owner'],
    handle: async ({ params, body, principal }) => {
      const member = await database.withTenant(principal.tenant.id, async (client) => {
        await lockMember(client, principal, { userID: params.userID, wanted: body.role });
        await client.query('UPDATE memberships SET role = $3 WHERE tenant_id = $1 AND user_id = $2', [
          principal.tenant.id,
          params.userID,
          body.role,
        ]);
        if (!includesRole(body.role, 'Admin')) await revokeWaysIn(client, principal.tenant.id, params.userID);
        return readMember(client, principal.tenant.id, params.userID);
      });
      return { status: 200, body: memberOf(member) } as const;
    },
  });
}

/**
 * `DELETE /api/admin/members/{userID}`: the person belongs to the tenant no more. Their sessions in it end, and so does
 * every further way in: API keys and invitations that they made, and an invitation that is still open for them.
 */
export function removeMemberRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'DELETE',
    path: '/api/admin/members/{userID}',
    operationID: 'removeMember',
    summary:
      'Remove a member, with the API keys and open invitations that they made. Only owners remove owners; the last one stays.',
    access: inTenant('Admin'),
    params: paramsSchema,
    replies: { 204: { description: 'The person is no member any more.' } },
    problems: ['last_owner'],
    handle: async ({ params, principal }) => {
      await database.withTenant(principal.tenant.id, async (client) => {
        await lockMember(client, principal, { userID: params.userID, wanted: undefined });
        await revokeWaysIn(client, principal.tenant.id, params.userID);
        await client.query('DELETE FROM memberships WHERE tenant_id = $1 AND user_id = $2', [
          principal.tenant.id,
          params.userID,
        ]);
      });
      return { status: 204 } as const;
    },
  });
}

/**
 * Locks the owners and then the member, so that two who unmake each other as owners take turns.
 * Throws ApiError `not_found`, `not_permitted`, `last_owner`.
 */
async function lockMember(
  client: PoolClient,
  { tenant }: PersonInTenant,
  { userID, wanted }: { readonly userID: string; readonly wanted: TenantRole | undefined },
): Promise<void> {
  const owners = await client.query<{ user_id: string }>(
    `SELECT user_id FROM memberships WHERE tenant_id = $1 AND role = 'Owner' ORDER BY user_id FOR UPDATE`,
    [tenant.id],
  );
  const member = await client.query<{ role: TenantRole }>(
    'SELECT role FROM memberships WHERE tenant_id = $1 AND user_id = $2 FOR UPDATE',
    [tenant.id, userID],
  );
  const role = member.rows[0]?.role;
  if (role === undefined) throw noSuchMember();
  const concernsOwners = role === 'Owner' || wanted === 'Owner';
  if (concernsOwners && tenant.role !== 'Owner') {
    throw new ApiError('not_permitted', 'Only an owner makes or unmakes owners.');
  }
  if (role === 'Owner' && wanted !== 'Owner' && owners.rows.length === 1) throw new ApiError('last_owner');
}

async function readMember(client: PoolClient, tenantID: string, userID: string): Promise<MemberRow> {
  const { rows } = await client.query<MemberRow>(`${MEMBERS} AND m.user_id = $2`, [tenantID, userID]);
  if (!rows[0]) throw noSuchMember();
  return rows[0];
}

function noSuchMember(): ApiError {
  return new ApiError('not_found', 'No member of the tenant has this id.');
}

function memberOf(row: MemberRow): z.input<typeof memberSchema> {
  return {
    id: row.user_id,
    email: row.email,
    name: row.name,
    role: row.role,
    joinedAt: row.created_at.toISOString(),
  };
}
