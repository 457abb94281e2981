import { z } from 'zod';
import type { Database } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { EXPORT_DEADLINE_MS } from '../http/stream-slots.ts';
import type { ExportDeps } from './export-calls.ts';
import { EXPORTED_TABLES, type ExportedTable } from './exported-tables.ts';

/** `GET /api/admin/exports/tenant`: everything that is kept of the tenant. */
export function exportTenantRoute({ database, exportSlots }: ExportDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/exports/tenant',
    operationID: 'exportTenant',
    summary: 'Export all data of the tenant, table by table, as JSON lines.',
    access: inTenant('Owner'),
    query: z.strictObject({}),
    replies: {
      200: {
        description:
          'A line for each row: `{table, row}`, named as in the database. Without what is worth nothing elsewhere: ' +
          'hashes, sessions, links. A reply that breaks off is not whole.',
        media: {
          'application/jsonl':
            '{"table":"tenants","row":{"name":"harbor-dental-x4k2p"}}\n{"table":"calls","row":{"from_number":"+13125550142"}}\n',
        },
      },
    },
    problems: ['busy'],
    handle: async ({ principal, signal }) => {
      const { id: tenantID, name } = principal.tenant;
      const chunks = exportSlots.hold(tenantID, rowsOf(database, tenantID, signal));
      const filename = `${name ?? tenantID}.jsonl`;
      const deadlineMs = EXPORT_DEADLINE_MS;
      return { status: 200, stream: { type: 'application/jsonl', filename, chunks, deadlineMs } } as const;
    },
  });
}

async function* rowsOf(database: Database, tenantID: string, signal: AbortSignal): AsyncGenerator<string> {
  for (const table of EXPORTED_TABLES) yield* tableOf(database, { tenantID, table, signal });
}

/** So many rows are in memory at a time, each of some kilobytes at most. */
const BATCH_ROWS = 200;

async function* tableOf(
  database: Database,
  of: { readonly tenantID: string; readonly table: ExportedTable; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const { tenantID, table, signal } = of;
  let after: string | null = null;
  for (;;) {
    signal.throwIfAborted();
    const rows = await readBatch(database, { tenantID, table, after });
    if (rows.length > 0) {
      yield rows.map(({ row }) => `{"table":${JSON.stringify(table.name)},"row":${row}}\n`).join('');
    }
    if (rows.length < BATCH_ROWS) return;
    after = rows.at(-1)?.at ?? null;
  }
}

/** The rows after the one whose key is `after`, as JSON text. Each batch is a transaction of its own. */
async function readBatch(
  database: Database,
  {
    tenantID,
    table: { name, key, columns = '*', from = name },
    after,
  }: { readonly tenantID: string; readonly table: ExportedTable; readonly after: string | null },
): Promise<readonly { readonly row: string; readonly at: string }[]> {
  const keys = key.map((column) => `t.${column}`).join(', ');
  const given = key.map((column) => `given.${column}`).join(', ');
  const at = key.map((column) => `'${column}', t.${column}`).join(', ');
  const { rows } = await database.withTenant(tenantID, (client) =>
    client.query<{ row: string; at: string }>(
      `SELECT row_to_json(t)::text AS row, json_build_object(${at})::text AS at
         FROM (SELECT ${columns} FROM ${from} WHERE tenant_id = $1) t
        WHERE $2::jsonb IS NULL
           OR (${keys}) > (SELECT ${given} FROM jsonb_populate_record(NULL::${name}, $2::jsonb) given)
        ORDER BY ${keys} LIMIT ${BATCH_ROWS}`,
      [tenantID, after],
    ),
  );
  return rows;
}
