import { z } from 'zod';
import { callFilters, callFilterValues, isTextBounded, UNBOUNDED_TEXT } from '../calls/call-filters.ts';
import { CALLS, type CallListDeps, type summaryOf } from '../calls/list-calls.ts';
import { inTenant } from '../http/access.ts';
import { readTenantBatches } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { EXPORT_DEADLINE_MS, type StreamSlots } from '../http/stream-slots.ts';
import { type Column, exportFormat, exportOf } from './export-text.ts';

export interface ExportDeps extends CallListDeps {
  /** Of all exports together. */
  readonly exportSlots: StreamSlots;
}

const COLUMNS: readonly Column<ReturnType<typeof summaryOf>>[] = [
  ['id', (call) => call.id],
  ['from', (call) => call.from],
  ['to', (call) => call.to],
  ['startedAt', (call) => call.startedAt],
  ['answeredAt', (call) => call.answeredAt],
  ['endedAt', (call) => call.endedAt],
  ['hangupReason', (call) => call.hangupReason],
  ['seconds', (call) => call.seconds],
  ['hasLead', (call) => call.hasLead],
];

/** `GET /api/admin/exports/calls`: the list of calls, whole. */
export function exportCallsRoute({ database, searches, exportSlots }: ExportDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/exports/calls',
    operationID: 'exportCalls',
    summary: 'Export calls, the latest first.',
    access: inTenant('Viewer', { scope: 'calls:read', needsReason: true }),
    query: z.strictObject({ format: exportFormat, ...callFilters }).refine(isTextBounded, UNBOUNDED_TEXT),
    replies: {
      200: {
        description: 'All calls that match. A reply that breaks off is not whole.',
        media: {
          'text/csv':
            'id,from,to,startedAt,answeredAt,endedAt,hangupReason,seconds,hasLead\r\n' +
            "0d7c2f6e-8f0a-4f6b-9f43-0f2d5a1c7b11,'+13125550142,'+13125550100,2026-11-30T09:00:00.000Z," +
            '2026-11-30T09:00:01.000Z,2026-11-30T09:01:16.000Z,WorkflowCompleted,75,true\r\n',
          'application/jsonl': '{"id":"0d7c2f6e-8f0a-4f6b-9f43-0f2d5a1c7b11","from":"+13125550142"}\n',
        },
      },
    },
    problems: ['busy'],
    handle: async ({ query, principal, signal }) => {
      const { id: tenantID } = principal.tenant;
      const filters = callFilterValues(query);
      const from = query.text === undefined ? database : searches.database;
      const batches = readTenantBatches(from, { tenantID, list: CALLS, filters, signal });
      const body = exportOf(query.format, 'calls', { batches, columns: async () => COLUMNS });
      return {
        status: 200,
        stream: { ...body, chunks: exportSlots.hold(tenantID, body.chunks), deadlineMs: EXPORT_DEADLINE_MS },
      } as const;
    },
  });
}
