import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Database, PoolClient } from '../database/database.ts';
import { brokenConstraintOf } from '../database/database-error.ts';
import { inTenant } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { pageQuerySchema, pageSchema } from '../http/page.ts';
import { type PagedList, readTenantPage } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { emailAddressSchema } from '../identity/email-address.ts';
import type { TenantRole } from '../identity/permissions.ts';
import type { PersonInTenant } from '../identity/principal.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { SEND_MAIL } from '../jobs/job-queues.ts';
import { invitationSchema, roleSchema } from './member-schemas.ts';
import { holdAdmin } from './ways-in.ts';

export interface InvitationDeps {
  readonly database: Database;
  readonly jobs: Pick<JobQueue, 'send' | 'wake'>;
}

interface InvitationRow {
  readonly invitation_id: string;
  readonly email: string;
  readonly role: TenantRole;
  readonly created_at: Date;
  readonly expires_at: Date;
}

/** So many a tenant makes in a day: each is a mail to an address that somebody typed. */
const MAX_PER_DAY = 100;

const COLUMNS = 'invitation_id, email, role, created_at, expires_at';
/** Neither accepted nor revoked; one that was not accepted in time is shown as such. */
const OPEN = 'tenant_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL';

const paramsSchema = z.strictObject({ invitationID: z.uuid() });
const requestSchema = z.strictObject({
  email: emailAddressSchema,
  role: roleSchema,
});

/** `POST /api/admin/invitations`: a mail with a link that makes whoever has the address a member. */
export function inviteRoute({ database, jobs }: InvitationDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/admin/invitations',
    operationID: 'invite',
    summary: 'Invite somebody into the tenant by e-mail. Only owners invite owners.',
    access: inTenant('Admin'),
    body: requestSchema,
    replies: { 201: { description: 'The invitation; its mail is under way.', schema: invitationSchema } },
    problems: ['already_invited', 'already_member', 'too_many'],
    handle: async ({ body, principal, once }) => {
      const tenantID = principal.tenant.id;
      const created = await once({
        transaction: (work) => database.withTenant(tenantID, work),
        tenantID,
        create: async (client) => {
          const row = await invite(client, principal, body);
          await jobs.send(client, SEND_MAIL, { mail: 'Invitation', id: row.invitation_id });
          const location = `/api/admin/invitations/${row.invitation_id}`;
          return { status: 201, location, body: invitationOf(row) } as const;
        },
      });
      jobs.wake(SEND_MAIL);
      return created;
    },
  });
}

const INVITATIONS: PagedList<InvitationRow, ReturnType<typeof invitationOf>> = {
  select: `SELECT ${COLUMNS} FROM invitations WHERE ${OPEN}`,
  order: { at: 'created_at', id: 'invitation_id' },
  positionOf: (row) => ({ at: row.created_at, id: row.invitation_id }),
  itemOf: invitationOf,
};

/** `GET /api/admin/invitations`: those that nobody has accepted yet. */
export function listInvitationsRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/invitations',
    operationID: 'listInvitations',
    summary: 'List the invitations that were neither accepted nor revoked, the latest first.',
    access: inTenant('Admin'),
    query: pageQuerySchema,
    replies: { 200: { description: 'A page of invitations.', schema: pageSchema(invitationSchema) } },
    handle: ({ query, principal }) =>
      readTenantPage(database, { tenantID: principal.tenant.id, query, list: INVITATIONS }),
  });
}

/** `GET /api/admin/invitations/{invitationID}`. */
export function getInvitationRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/invitations/{invitationID}',
    operationID: 'readInvitation',
    summary: 'Read an invitation that was neither accepted nor revoked.',
    access: inTenant('Admin'),
    params: paramsSchema,
    replies: { 200: { description: 'The invitation.', schema: invitationSchema } },
    handle: async ({ params, principal }) => {
      const rows = await database.withTenant(principal.tenant.id, async (client) => {
        const result = await client.query<InvitationRow>(
          `SELECT ${COLUMNS} FROM invitations WHERE ${OPEN} AND invitation_id = $2`,
          [principal.tenant.id, params.invitationID],
        );
        return result.rows;
      });
      if (!rows[0]) throw noSuchInvitation();
      return { status: 200, body: invitationOf(rows[0]) } as const;
    },
  });
}

/** `DELETE /api/admin/invitations/{invitationID}`: the link is worth nothing from then on. */
export function revokeInvitationRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'DELETE',
    path: '/api/admin/invitations/{invitationID}',
    operationID: 'revokeInvitation',
    summary: 'Revoke an invitation.',
    access: inTenant('Admin'),
    params: paramsSchema,
    replies: { 204: { description: 'Its link is worth nothing any more.' } },
    handle: async ({ params, principal }) => {
      const { rowCount } = await database.withTenant(principal.tenant.id, (client) =>
        client.query(`UPDATE invitations SET revoked_at = now() WHERE ${OPEN} AND invitation_id = $2`, [
          principal.tenant.id,
          params.invitationID,
        ]),
      );
      if (rowCount === 0) throw noSuchInvitation();
      return { status: 204 } as const;
    },
  });
}

/** Throws ApiError `not_permitted`, `already_member`, `already_invited`, `too_many`. */
async function invite(
  client: PoolClient,
  principal: PersonInTenant,
  { email, role }: z.output<typeof requestSchema>,
): Promise<InvitationRow> {
  const { user, tenant, entered } = principal;
  const inviterRole = await holdAdmin(client, principal);
  if (role === 'Owner' && inviterRole !== 'Owner') {
    throw new ApiError('not_permitted', 'Only an owner invites owners.');
  }
  const { rows } = await client.query<{ is_member: boolean; today: string }>(
    `SELECT EXISTS (SELECT FROM users WHERE email = $2) AS is_member,
            (SELECT count(*) FROM invitations
              WHERE tenant_id = $1 AND created_at > now() - interval '1 day') AS today`,
    [tenant.id, email],
  );
  // Of people the app role sees only the tenant's own.
  if (rows[0]?.is_member) throw new ApiError('already_member');
  if (Number(rows[0]?.today) >= MAX_PER_DAY) {
    throw new ApiError('too_many', `A tenant makes at most ${MAX_PER_DAY} invitations a day.`);
  }
  await client.query(
    `UPDATE invitations SET revoked_at = now() WHERE ${OPEN} AND email = $2 AND expires_at < now()`,
    [tenant.id, email],
  );
  try {
    const inserted = await client.query<InvitationRow>(
      `INSERT INTO invitations (tenant_id, invitation_id, email, role, invited_by, expires_at)
       VALUES ($1, $2, $3, $4, $5, now() + interval '7 days') RETURNING ${COLUMNS}`,
      [tenant.id, randomUUID(), email, role, entered ? null : user.id],
    );
    return inserted.rows[0] as InvitationRow;
  } catch (error) {
    if (brokenConstraintOf(error) === 'invitations_open_key') throw new ApiError('already_invited');
    throw error;
  }
}

function noSuchInvitation(): ApiError {
  return new ApiError('not_found', 'There is no open invitation with this id.');
}

function invitationOf(row: InvitationRow): z.input<typeof invitationSchema> {
  return {
    id: row.invitation_id,
    email: row.email,
    role: row.role,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  };
}
