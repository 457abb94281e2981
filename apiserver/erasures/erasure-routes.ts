import { randomUUID } from 'node:crypto';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { z } from 'zod';
import type { Database, PoolClient } from '../database/database.ts';
import { inTenant } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { pageQuerySchema, pageSchema } from '../http/page.ts';
import { type PagedList, readTenantPage } from '../http/read-page.ts';
import { defineRoute, type Route } from '../http/route.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import { ERASE_CALLER } from '../jobs/job-queues.ts';

export interface ErasureDeps {
  readonly database: Database;
  readonly jobs: Pick<JobQueue, 'send' | 'wake'>;
}

const time = z.iso.datetime();

const erasureSchema = z.strictObject({
  id: z.uuid(),
  erasedUntil: time.describe('Of calls that began until then the caller is erased.'),
  completedAt: time.nullable().describe('Null: what there was is still being looked through.'),
});

/** Of which only hashes are kept: the number is in no reply, list or log. */
const requestSchema = z.strictObject({
  number: z
    .string()
    .regex(/^\+[1-9]\d{5,14}$/, 'must be E.164, such as +13125550142')
    .describe('The number whose caller is erased, in E.164.')
    .meta({ examples: ['+13125550142'] }),
});

interface ErasureRow {
  readonly erasure_id: string;
  readonly erased_until: Date;
  readonly completed_at: Date | null;
}

/** So many a tenant asks for in a day: each looks through all of its calls. */
const MAX_PER_DAY = 100;

const SELECT = 'SELECT erasure_id, erased_until, completed_at FROM erasures WHERE tenant_id = $1';

const ERASURES: PagedList<ErasureRow, ReturnType<typeof erasureOf>> = {
  select: SELECT,
  order: { at: 'erased_until', id: 'erasure_id' },
  positionOf: (row) => ({ at: row.erased_until, id: row.erasure_id }),
  itemOf: erasureOf,
};

/** `POST /api/admin/erasures`: a caller's number goes from everywhere, and stays away. */
export function eraseCallerRoute({ database, jobs }: ErasureDeps): Route {
  return defineRoute({
    method: 'POST',
    path: '/api/admin/erasures',
    operationID: 'eraseCaller',
    summary: "Erase a caller's number with what was said on the calls from it, and wherever others said it.",
    access: inTenant('Admin'),
    body: requestSchema,
    replies: { 202: { description: 'It is under way.', schema: erasureSchema } },
    problems: ['too_many'],
    handle: async ({ body, principal, once }) => {
      const tenantID = principal.tenant.id;
      const accepted = await once({
        transaction: (work) => database.withTenant(tenantID, work),
        tenantID,
        create: async (client) => {
          const row = await insertErasure(client, tenantID, body.number);
          await jobs.send(client, ERASE_CALLER, { tenantID, erasureID: row.erasure_id });
          const location = `/api/admin/erasures/${row.erasure_id}`;
          return { status: 202, location, body: erasureOf(row) } as const;
        },
      });
      jobs.wake(ERASE_CALLER);
      return accepted;
    },
  });
}

/** `GET /api/admin/erasures`. */
export function listErasuresRoute({ database }: Pick<ErasureDeps, 'database'>): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/erasures',
    operationID: 'listErasures',
    summary: 'List the erasures that were asked for, the latest first.',
    access: inTenant('Admin'),
    query: pageQuerySchema,
    replies: { 200: { description: 'A page of erasures.', schema: pageSchema(erasureSchema) } },
    handle: ({ query, principal }) =>
      readTenantPage(database, { tenantID: principal.tenant.id, query, list: ERASURES }),
  });
}

/** `GET /api/admin/erasures/{erasureID}`. */
export function getErasureRoute({ database }: Pick<ErasureDeps, 'database'>): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/erasures/{erasureID}',
    operationID: 'readErasure',
    summary: 'Read whether an erasure is completed.',
    access: inTenant('Admin'),
    params: z.strictObject({ erasureID: z.uuid() }),
    replies: { 200: { description: 'The erasure.', schema: erasureSchema } },
    handle: async ({ params, principal }) => {
      const { rows } = await database.withTenant(principal.tenant.id, (client) =>
        client.query<ErasureRow>(`${SELECT} AND erasure_id = $2`, [principal.tenant.id, params.erasureID]),
      );
      if (!rows[0]) throw new ApiError('not_found', 'There is no erasure with this id.');
      return { status: 200, body: erasureOf(rows[0]) } as const;
    },
  });
}

/** Throws ApiError `too_many`. */
async function insertErasure(client: PoolClient, tenantID: string, number: string): Promise<ErasureRow> {
  const { rows } = await client.query<{ today: string }>(
    `SELECT count(*) AS today FROM erasures WHERE tenant_id = $1 AND erased_until > now() - interval '1 day'`,
    [tenantID],
  );
  if (Number(rows[0]?.today) >= MAX_PER_DAY) {
    throw new ApiError('too_many', `A tenant erases at most ${MAX_PER_DAY} callers a day.`);
  }
  const inserted = await client.query<ErasureRow>(
    `INSERT INTO erasures (tenant_id, erasure_id, hashes, lengths)
     SELECT $1, $2, array_agg(number_hash($1, digits) ORDER BY place), array_agg(char_length(digits) ORDER BY place)
       FROM unnest($3::text[]) WITH ORDINALITY AS form (digits, place)
     RETURNING erasure_id, erased_until, completed_at`,
    [tenantID, randomUUID(), formsOf(number)],
  );
  return inserted.rows[0] as ErasureRow;
}

/** As people write it: first with the code of its country, then without where that can be told apart. */
function formsOf(number: string): readonly string[] {
  const national = parsePhoneNumberFromString(number)?.nationalNumber;
  const digits = number.slice(1);
  return national === undefined || national.length < 6 ? [digits] : [digits, national];
}

function erasureOf(row: ErasureRow): z.input<typeof erasureSchema> {
  return {
    id: row.erasure_id,
    erasedUntil: row.erased_until.toISOString(),
    completedAt: row.completed_at?.toISOString() ?? null,
  };
}
