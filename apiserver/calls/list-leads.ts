import type { z } from 'zod';
import type { Database } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { pageQuerySchema, pageSchema } from '../http/page.ts';
import { type PagedList, readTenantPage } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import {
  isTextBounded,
  LEAD_FILTERS,
  leadFilters,
  leadFilterValues,
  UNBOUNDED_TEXT,
} from './call-filters.ts';
import { type LeadField, leadSchema } from './call-schemas.ts';
import type { CallListDeps } from './list-calls.ts';

export interface LeadRow {
  readonly call_id: string;
  readonly from_number: string | null;
  readonly workflow: string;
  readonly complete: boolean;
  readonly fields: LeadField[];
  readonly captured_at: Date;
}

/** Leads of a tenant (`$1`), each with the number of its call. */
export const SELECT_LEADS = `
  SELECT l.call_id, c.from_number, l.workflow, l.complete, l.fields, l.captured_at
    FROM leads l JOIN calls c ON c.tenant_id = l.tenant_id AND c.call_id = l.call_id
   WHERE l.tenant_id = $1`;

/** With the values of `leadFilterValues`. */
export const LEADS: PagedList<LeadRow, ReturnType<typeof leadOf>> = {
  select: `${SELECT_LEADS} AND ${LEAD_FILTERS}`,
  order: { at: 'l.captured_at', id: 'l.call_id' },
  positionOf: (row) => ({ at: row.captured_at, id: row.call_id }),
  itemOf: leadOf,
};

/** `GET /api/admin/leads`: what callers left, the latest first. */
export function listLeadsRoute({ database, searches }: CallListDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/leads',
    operationID: 'listLeads',
    summary: 'List captured leads, the latest first.',
    access: inTenant('Viewer', { scope: 'calls:read', needsReason: true }),
    query: pageQuerySchema.extend(leadFilters).refine(isTextBounded, UNBOUNDED_TEXT),
    replies: { 200: { description: 'A page of leads.', schema: pageSchema(leadSchema) } },
    problems: ['busy', 'search_too_broad'],
    handle: ({ query, principal }) => {
      const { id: tenantID } = principal.tenant;
      const filters = leadFilterValues(query);
      const read = (from: Database) => readTenantPage(from, { tenantID, query, list: LEADS, filters });
      return query.text === undefined ? read(database) : searches.run(tenantID, read);
    },
  });
}

export function leadOf(row: LeadRow): z.input<typeof leadSchema> {
  return {
    callID: row.call_id,
    from: row.from_number,
    workflow: row.workflow,
    complete: row.complete,
    fields: row.fields,
    capturedAt: row.captured_at.toISOString(),
  };
}
