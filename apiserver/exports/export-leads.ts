import { z } from 'zod';
import { isTextBounded, leadFilters, leadFilterValues, UNBOUNDED_TEXT } from '../calls/call-filters.ts';
import { LEADS, type leadOf } from '../calls/list-leads.ts';
import type { Database } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { readTenantBatches } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
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
export function exportLeadsRoute({ database, exportSlots }: ExportDeps): Route {
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
      const batches = readTenantBatches(database, { tenantID, list: LEADS, filters, signal });
      const columns = () => columnsOf(database, tenantID, filters);
      const body = exportOf(query.format, 'leads', { batches, columns });
      return {
        status: 200,
        stream: { ...body, chunks: exportSlots.hold(tenantID, body.chunks) },
      } as const;
    },
  });
}

/** Those of every lead, and one for each name of a field that any of them has. */
async function columnsOf(
  database: Database,
  tenantID: string,
  filters: readonly unknown[],
): Promise<readonly Column<Lead>[]> {
  const { rows } = await database.withTenant(tenantID, (client) =>
    client.query<{ name: string }>(
      `SELECT DISTINCT f ->> 'name' AS name FROM (${LEADS.select}) l, jsonb_array_elements(l.fields) f
        ORDER BY name LIMIT ${MAX_FIELD_COLUMNS}`,
      [tenantID, ...filters],
    ),
  );
  const fields = rows.map(
    ({ name }): Column<Lead> => [
      name,
      (lead) => lead.fields.find((field) => field.name === name)?.value ?? null,
    ],
  );
  return [...COLUMNS, ...fields];
}
