import type { z } from 'zod';
import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import type { Database } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { pageQuerySchema, pageSchema } from '../http/page.ts';
import { type PagedList, readTenantPage } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import {
  CALL_FILTERS,
  callFilters,
  callFilterValues,
  isTextBounded,
  UNBOUNDED_TEXT,
} from './call-filters.ts';
import { callSummarySchema } from './call-schemas.ts';
import type { TextSearches } from './text-searches.ts';

export interface CallListDeps {
  readonly database: Database;
  /** What looks for words is read by. */
  readonly searches: TextSearches;
}

/** A row of `CALL_COLUMNS`. Postgres gives bigint as text. */
export interface CallRow {
  readonly call_id: string;
  readonly from_number: string | null;
  readonly to_number: string | null;
  readonly started_at: Date;
  readonly answered_at: Date | null;
  readonly ended_at: Date | null;
  readonly hangup_reason: HangupReason | null;
  readonly seconds: string | null;
  readonly has_lead: boolean;
}

/** The columns of a call's summary, for `FROM calls c`. */
export const CALL_COLUMNS = `
  c.call_id, c.from_number, c.to_number, c.started_at, c.answered_at, c.ended_at, c.hangup_reason,
  (SELECT quantity FROM usage_events u
    WHERE u.tenant_id = c.tenant_id AND u.call_id = c.call_id AND u.metric = 'call_seconds') AS seconds,
  EXISTS (SELECT FROM leads l WHERE l.tenant_id = c.tenant_id AND l.call_id = c.call_id) AS has_lead`;

/** With the values of `callFilterValues`. */
export const CALLS: PagedList<CallRow, ReturnType<typeof summaryOf>> = {
  select: `SELECT ${CALL_COLUMNS} FROM calls c WHERE c.tenant_id = $1 AND ${CALL_FILTERS}`,
  order: { at: 'c.started_at', id: 'c.call_id' },
  positionOf: (row) => ({ at: row.started_at, id: row.call_id }),
  itemOf: summaryOf,
};

/** `GET /api/admin/calls`: the tenant's calls, the latest first. */
export function listCallsRoute({ database, searches }: CallListDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/calls',
    operationID: 'listCalls',
    summary: 'List calls, the latest first.',
    access: inTenant('Viewer', { scope: 'calls:read', needsReason: true }),
    query: pageQuerySchema.extend(callFilters).refine(isTextBounded, UNBOUNDED_TEXT),
    replies: { 200: { description: 'A page of calls.', schema: pageSchema(callSummarySchema) } },
    problems: ['busy', 'search_too_broad'],
    handle: ({ query, principal }) => {
      const { id: tenantID } = principal.tenant;
      const filters = callFilterValues(query);
      const read = (from: Database) => readTenantPage(from, { tenantID, query, list: CALLS, filters });
      return query.text === undefined ? read(database) : searches.run(tenantID, read);
    },
  });
}

export function summaryOf(row: CallRow): z.input<typeof callSummarySchema> {
  return {
    id: row.call_id,
    from: row.from_number,
    to: row.to_number,
    startedAt: row.started_at.toISOString(),
    answeredAt: row.answered_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    hangupReason: row.hangup_reason,
    seconds: row.seconds === null ? null : Number(row.seconds),
    hasLead: row.has_lead,
  };
}
