import { z } from 'zod';
import { tenantSpecSchema } from '#crds/tenant/tenant.ts';
import type { Database } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { pageQuerySchema, pageSchema } from '../http/page.ts';
import { type PagedList, readTenantPage } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { answering, WRITE_PROBLEMS } from './answer-configuration.ts';
import { changeRequest, receiversSentence } from './change-request.ts';
import { PARTS } from './live-tenant.ts';
import type { ConfigurationDeps } from './part-routes.ts';
import { configurationOf, configurationSchema } from './part-schemas.ts';
import { type WriteDeps, writeConfiguration } from './write-configuration.ts';

const LIST = '/api/admin/config/revisions';
const READ = inTenant('Viewer', { scope: 'configuration:read' });

const summarySchema = z.strictObject({
  revisionID: z.uuid(),
  generation: z.number().int().describe('Counts the changes of the resource.'),
  recordedAt: z.iso.datetime(),
  managers: z
    .array(z.string())
    .describe(
      'The field managers that made the change: veralux-config for this API, such as kubectl-edit for others.',
    ),
  author: z
    .strictObject({ kind: z.enum(['Person', 'ApiKey']), id: z.uuid() })
    .nullable()
    .describe('Whose request it was; null where it did not come by this API.'),
  changed: z.array(z.string()).describe('The fields that differ from the revision before, 100 at most.'),
  takeovers: z
    .array(z.strictObject({ manager: z.string(), fields: z.array(z.string()) }))
    .describe('What single commands of kubectl had set and this API manages from then on.'),
});

const revisionSchema = summarySchema.extend({
  configuration: configurationSchema.describe('What putting it back would write.'),
});

interface RevisionRow {
  readonly revision_id: string;
  readonly generation: string;
  readonly recorded_at: Date;
  readonly managers: string[];
  readonly author_kind: 'Person' | 'ApiKey' | null;
  readonly author_id: string | null;
  readonly changed: string[];
  readonly takeovers: { manager: string; fields: string[] }[];
  readonly spec: unknown;
}

const COLUMNS = `revision_id, generation, recorded_at, managers, author_kind, author_id, changed, takeovers`;

/** Every configuration that there was, who made it, and the way back to one. */
export function revisionRoutes(deps: WriteDeps): readonly Route[] {
  return [listRoute(deps), readRoute(deps), restoreRoute(deps)];
}

const REVISIONS: PagedList<RevisionRow, ReturnType<typeof summaryOf>> = {
  select: `SELECT ${COLUMNS} FROM tenant_revisions WHERE tenant_id = $1`,
  order: { at: 'recorded_at', id: 'revision_id' },
  positionOf: (row) => ({ at: row.recorded_at, id: row.revision_id }),
  itemOf: summaryOf,
};

function listRoute({ database }: Pick<ConfigurationDeps, 'database'>): Route {
  return defineRoute({
    method: 'GET',
    path: LIST,
    operationID: 'listRevisions',
    summary: 'List what the configuration was and who changed what, the latest first.',
    access: READ,
    query: pageQuerySchema,
    replies: { 200: { description: 'A page of revisions.', schema: pageSchema(summarySchema) } },
    handle: ({ query, principal }) =>
      readTenantPage(database, { tenantID: principal.tenant.id, query, list: REVISIONS }),
  });
}

function readRoute({ database }: Pick<ConfigurationDeps, 'database'>): Route {
  return defineRoute({
    method: 'GET',
    path: `${LIST}/{revisionID}`,
    operationID: 'readRevision',
    summary: 'Read a revision of the configuration.',
    access: READ,
    params: z.strictObject({ revisionID: z.uuid() }),
    replies: { 200: { description: 'The revision, whole.', schema: revisionSchema } },
    problems: ['not_found'],
    handle: async ({ principal, params: { revisionID } }) => {
      const { row, configuration } = await readRevision(database, principal.tenant.id, revisionID);
      return { status: 200, body: { ...summaryOf(row), configuration } } as const;
    },
  });
}

function restoreRoute(deps: WriteDeps): Route {
  return defineRoute({
    method: 'POST',
    path: `${LIST}/{revisionID}/restore`,
    operationID: 'restoreRevision',
    summary: `Put a revision back: every part of the configuration at once, as one further change.${receiversSentence(PARTS)}`,
    access: inTenant('Admin', { scope: 'configuration:write' }),
    params: z.strictObject({ revisionID: z.uuid() }),
    replies: { 200: { description: 'The configuration as it is now.', schema: configurationSchema } },
    problems: ['not_found', ...WRITE_PROBLEMS],
    handle: async ({ principal, params: { revisionID } }) => {
      const { spec } = await readRevision(deps.database, principal.tenant.id, revisionID);
      const values = Object.fromEntries(PARTS.map((part) => [part, spec[part]]));
      const request = changeRequest(principal, () => values);
      const written = await answering(() => writeConfiguration(deps, request));
      return { status: 200, body: configurationOf(written) } as const;
    },
  });
}

/** Throws ApiError `not_found`, also for one of a release whose specs this one cannot read. */
async function readRevision(database: Database, tenantID: string, revisionID: string) {
  const row = await database.withTenant(tenantID, async (client) => {
    const { rows } = await client.query<RevisionRow>(
      `SELECT ${COLUMNS}, spec FROM tenant_revisions WHERE tenant_id = $1 AND revision_id = $2`,
      [tenantID, revisionID],
    );
    return rows[0];
  });
  const spec = tenantSpecSchema.safeParse(row?.spec).data;
  if (!row || !spec) throw new ApiError('not_found');
  return { row, spec, configuration: configurationOf(spec) };
}

function summaryOf(row: RevisionRow) {
  return {
    revisionID: row.revision_id,
    generation: Number(row.generation),
    recordedAt: row.recorded_at.toISOString(),
    managers: row.managers,
    author: row.author_kind && row.author_id ? { kind: row.author_kind, id: row.author_id } : null,
    changed: row.changed,
    takeovers: row.takeovers,
  };
}
