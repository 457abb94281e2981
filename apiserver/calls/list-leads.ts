import type { z } from 'zod';
import type { Database } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { pageQuerySchema, pageSchema, readCursor, toPage } from '../http/page.ts';
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
    handle: async ({ query, principal }) => {
      const after = readCursor(query.cursor);
      const rows = await database.withTenant(principal.tenant.id, async (client) => {
        const result = await client.query<LeadRow>(
          `SELECT ${LEAD_COLUMNS} FROM leads
            WHERE tenant_id = $1
              AND ($2::timestamptz IS NULL OR (captured_at, call_id) < ($2::timestamptz, $3::uuid))
            ORDER BY captured_at DESC, call_id DESC LIMIT $4`,
          [principal.tenant.id, after?.at ?? null, after?.id ?? null, query.limit + 1],
        );
        return result.rows;
      });
      const page = toPage(rows, query.limit, (row) => ({
        at: row.captured_at.toISOString(),
        id: row.call_id,
      }));
      return { status: 200, body: { ...page, items: page.items.map(leadOf) } } as const;
    },
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
