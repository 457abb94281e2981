import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { inTenant, STAFF } from '../http/access.ts';
import { pageQuerySchema, pageSchema } from '../http/page.ts';
import { type PagedList, pageOf, readTenantPage } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { timeRange } from '../http/time-range.ts';
import { type AuditRow, auditEventSchema, eventOf, RESOURCES } from './audit-event.ts';

const EVENTS: PagedList<AuditRow, ReturnType<typeof eventOf>> = {
  select: `
    SELECT * FROM audit_events
     WHERE tenant_id = $1
       AND ($2::timestamptz IS NULL OR occurred_at >= $2) AND ($3::timestamptz IS NULL OR occurred_at < $3)
       AND ($4::text IS NULL OR resource = $4) AND ($5::text IS NULL OR subject_id = $5)
       AND ($6::uuid IS NULL OR actor_id = $6)`,
  order: { at: 'occurred_at', id: 'event_id' },
  positionOf: (row) => ({ at: row.occurred_at, id: row.event_id }),
  itemOf: eventOf,
};

/** `GET /api/admin/audit`: who changed what in the tenant, and when staff were there. */
export function listAuditRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/audit',
    operationID: 'listAudit',
    summary: 'List the changes that were made in the tenant, the latest first.',
    access: inTenant('Admin'),
    query: pageQuerySchema.extend({
      ...timeRange,
      resource: z.enum(RESOURCES).optional().describe('Changes of such things only.'),
      subjectID: z
        .string()
        .regex(/^[\w-]{1,200}$/)
        .optional()
        .describe('Changes of this one only.'),
      actorID: z.uuid().optional().describe('What this person or key did.'),
    }),
    replies: { 200: { description: 'A page of changes.', schema: pageSchema(auditEventSchema) } },
    handle: ({ query, principal }) => {
      const { since, until, resource, subjectID, actorID } = query;
      const filters = [since, until, resource, subjectID, actorID];
      return readTenantPage(database, { tenantID: principal.tenant.id, query, list: EVENTS, filters });
    },
  });
}

/** `GET /api/admin/system/audit`: the same for what belongs to no tenant, such as accounts and switches. */
export function listPlatformAuditRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/system/audit',
    operationID: 'listPlatformAudit',
    summary: 'List the changes of accounts and of the platform itself, the latest first.',
    access: STAFF,
    query: pageQuerySchema,
    replies: { 200: { description: 'A page of changes.', schema: pageSchema(auditEventSchema) } },
    handle: ({ query, principal }) =>
      pageOf(query, EVENTS, (after, count) =>
        database.query<AuditRow>('SELECT * FROM audit_platform_page($1, $2, $3, $4)', [
          principal.user.id,
          after?.at ?? null,
          after?.id ?? null,
          count,
        ]),
      ),
  });
}
