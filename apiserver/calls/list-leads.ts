import type { z } from 'zod';
import type { Database } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { pageQuerySchema, pageSchema } from '../http/page.ts';
import { type PagedList, readTenantPage } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { type LeadField, leadSchema } from './call-schemas.ts';

export interface LeadRow {
  readonly call_id: string;
  readonly workflow: string;
  readonly complete: boolean;
  readonly fields: LeadField[];
  readonly captured_at: Date;
}

export const LEAD_COLUMNS = 'call_id, workflow, complete, fields, captured_at';

const LEADS: PagedList<LeadRow, ReturnType<typeof leadOf>> = {
  select: `SELECT ${LEAD_COLUMNS} FROM leads WHERE tenant_id = $1`,
  order: { at: 'captured_at', id: 'call_id' },
  positionOf: (row) => ({ at: row.captured_at, id: row.call_id }),
  itemOf: leadOf,
};

/** `GET /api/admin/leads`: what callers left, the latest first. */
export function listLeadsRoute({ database }: { readonly database: Database }): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/leads',
    operationID: 'listLeads',
    summary: 'List captured leads, the latest first.',
    access: inTenant('Viewer', { scope: 'calls:read', needsReason: true }),
    query: pageQuerySchema,
    replies: { 200: { description: 'A page of leads.', schema: pageSchema(leadSchema) } },
    handle: ({ query, principal }) =>
      readTenantPage(database, { tenantID: principal.tenant.id, query, list: LEADS }),
  });
}

export function leadOf(row: LeadRow): z.input<typeof leadSchema> {
  return {
    callID: row.call_id,
    workflow: row.workflow,
    complete: row.complete,
    fields: row.fields,
    capturedAt: row.captured_at.toISOString(),
  };
}
