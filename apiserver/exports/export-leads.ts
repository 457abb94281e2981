import { z } from 'zod';
import { isTextBounded, leadFilters, leadFilterValues, UNBOUNDED_TEXT } from '../calls/call-filters.ts';
import { LEADS, type leadOf } from '../calls/list-leads.ts';
import { inTenant } from '../http/access.ts';
import { readTenantBatches } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { EXPORT_DEADLINE_MS } from '../http/stream-slots.ts';
import type { ExportDeps } from './export-calls.ts';
import { type Column, exportFormat, exportOf } from './export-text.ts';

type Lead = ReturnType<typeof leadOf>;

const COLUMNS: readonly Column<Lead>[] = [
  ['callID', (lead) => lead.callID],
  ['from', (lead) => lead.from],
  ['workflow', (lead) => lead.workflow],
  ['complete', (lead) => lead.complete],
  ['capturedAt', (lead) => lead.capturedAt],
];

/** Workflows come and go, and their fields with them. */
const MAX_FIELD_COLUMNS = 100;

/** `GET /api/admin/exports/leads`: the list of leads, whole; as a table with a column for each field. */
export function exportLeadsRoute({ database, searches, exportSlots }: ExportDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/exports/leads',
    operationID: 'exportLeads',
    summary: `Export leads, the latest first; as a table with columns for ${MAX_FIELD_COLUMNS} names of fields at most.`,
    access: inTenant('Viewer', { scope: 'calls:read', needsReason: true }),
    query: z.strictObject({ format: exportFormat, ...leadFilters }).refine(isTextBounded, UNBOUNDED_TEXT),
    replies: {
      200: {
        description: 'All leads that match. A reply that breaks off is not whole.',
        media: {
          'text/csv':
            'callID,from,workflow,complete,capturedAt,name\r\n' +
            "0d7c2f6e-8f0a-4f6b-9f43-0f2d5a1c7b11,'+13125550142,lead-capture,true,2026-11-30T09:01:10.000Z,John Smith\r\n",
          'application/jsonl':
            '{"callID":"0d7c2f6e-8f0a-4f6b-9f43-0f2d5a1c7b11","workflow":"lead-capture"}\n',
        },
      },
    },
    problems: ['busy'],
    handle: async ({ query, principal, signal }) => {
      const { id: tenantID } = principal.tenant;
      const filters = leadFilterValues(query);
      const from = query.text === undefined ? database : searches.database;
      const batches = readTenantBatches(from, { tenantID, list: LEADS, filters, signal });
      const named = readTenantBatches(from, { tenantID, list: LEADS, filters, signal });
      const columns = () => columnsOf(named);
      const body = exportOf(query.format, 'leads', { batches, columns });
      return {
        status: 200,
        stream: { ...body, chunks: exportSlots.hold(tenantID, body.chunks), deadlineMs: EXPORT_DEADLINE_MS },
      } as const;
    },
  });
}

/** Those of every lead, and one for each name of a field: read batch by batch, as one query over all may take too long. */
async function columnsOf(batches: AsyncGenerator<readonly Lead[]>): Promise<readonly Column<Lead>[]> {
  const names = new Set<string>();
  for await (const leads of batches) {
    for (const { name } of leads.flatMap(({ fields }) => fields)) {
      if (names.size < MAX_FIELD_COLUMNS) names.add(name);
    }
    if (names.size === MAX_FIELD_COLUMNS) break;
  }
  const fields = [...names]
    .toSorted()
    .map(
      (name): Column<Lead> => [
        name,
        (lead) => lead.fields.find((field) => field.name === name)?.value ?? null,
      ],
    );
  return [...COLUMNS, ...fields];
}
