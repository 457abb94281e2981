import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { PERSON } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { pageQuerySchema, pageSchema } from '../http/page.ts';
import { type PagedList, readPersonPage } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { sessionSchema, tenantSchema } from './account-schemas.ts';
import { openSession, type SessionDeps } from './open-session.ts';
import type { TenantRole } from './permissions.ts';
import { membershipOf, type TenantRow } from './tenant-row.ts';

interface MembershipRow extends TenantRow {
  readonly role: TenantRole;
  readonly joined_at: Date;
}

const TENANTS: PagedList<MembershipRow, ReturnType<typeof membershipOf<TenantRole>>> = {
  select: 'SELECT * FROM auth_list_tenants($1) WHERE true',
  order: { at: 'joined_at', id: 'tenant_id' },
  positionOf: (row) => ({ at: row.joined_at, id: row.tenant_id }),
  itemOf: membershipOf,
};

/** `GET /api/auth/tenants`: where the person belongs. */
export function listTenantsRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/auth/tenants',
    operationID: 'listTenants',
    summary: 'List the tenants that this account belongs to, the latest joined first.',
    access: PERSON,
    query: pageQuerySchema,
    replies: { 200: { description: 'A page of tenants.', schema: pageSchema(tenantSchema) } },
    handle: ({ query, principal }) =>
      readPersonPage(database, { userID: principal.user.id, query, list: TENANTS }),
  });
}

/** `POST /api/auth/switch`: a session for another tenant of the person, of the same family. */
export function switchRoute(deps: SessionDeps & { readonly database: Database }): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/auth/switch',
    operationID: 'switchTenant',
    summary:
      'Get tokens for another tenant that this account belongs to; those of this session stay good. Both end together.',
    access: PERSON,
    body: z.strictObject({ tenantID: z.uuid() }),
    replies: { 200: { description: 'The account, that tenant, and tokens for it.', schema: sessionSchema } },
    problems: ['not_found'],
    handle: async ({ body, principal: { user, presence: proof } }) => {
      const [row] = await deps.database.query<MembershipRow>(
        'SELECT * FROM auth_list_tenants($1) WHERE tenant_id = $2',
        [user.id, body.tenantID],
      );
      if (!row) throw new ApiError('not_found', 'This account belongs to no tenant with this id.');
      const tokens = await deps.database.transaction((client) =>
        openSession(deps, client, { userID: user.id, tenantID: row.tenant_id, proof }),
      );
      return { status: 200, body: { user, tenant: membershipOf(row), ...tokens } } as const;
    },
  });
}
