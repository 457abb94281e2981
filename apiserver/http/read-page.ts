import type { z } from 'zod';
import type { Database } from '../database/database.ts';
import { type PagePosition, type pageQuerySchema, readCursor, toPage } from './page.ts';

/** A list that is read page by page, from the newest to the oldest. */
export interface PagedList<Row, Item> {
  /**
   * A SELECT up to the end of its WHERE, to which the end of the page before is added. `$1` is whose list it is, `$2`
   * and on what it is filtered by.
   */
  readonly select: string;
  /** The columns of a row's time and id, as they are named in it. */
  readonly order: { readonly at: string; readonly id: string };
  readonly positionOf: (row: Row) => { readonly at: Date; readonly id: string };
  readonly itemOf: (row: Row) => Item;
}

export interface Page<Item> {
  readonly status: 200;
  readonly body: { readonly items: Item[]; readonly nextCursor: string | null };
}

type PageQuery = z.output<typeof pageQuerySchema>;
type RunQuery = <Row extends object>(text: string, values: readonly unknown[]) => Promise<readonly Row[]>;

/** The page of a tenant's list that is asked for. Throws ApiError `invalid_request` for a cursor of somebody else's. */
export function readTenantPage<Row extends object, Item>(
  database: Database,
  of: {
    tenantID: string;
    query: PageQuery;
    list: PagedList<Row, Item>;
    filters?: readonly unknown[];
  },
): Promise<Page<Item>> {
  const { tenantID, query, list, filters } = of;
  const run: RunQuery = (text, values) =>
    database.withTenant(tenantID, async (client) => (await client.query(text, [...values])).rows);
  return readPage(run, { of: tenantID, query, list, filters });
}

/** The page of a person's own list, which belongs to no tenant. Throws as `readTenantPage` does. */
export function readPersonPage<Row extends object, Item>(
  database: Database,
  { userID, query, list }: { userID: string; query: PageQuery; list: PagedList<Row, Item> },
): Promise<Page<Item>> {
  const run: RunQuery = (text, values) => database.query(text, [...values]);
  return readPage(run, { of: userID, query, list });
}

function readPage<Row extends object, Item>(
  run: RunQuery,
  {
    of,
    query,
    list,
    filters = [],
  }: {
    of: string;
    query: PageQuery;
    list: PagedList<Row, Item>;
    filters?: readonly unknown[] | undefined;
  },
): Promise<Page<Item>> {
  return pageOf(query, list, (after, count) =>
    run<Row>(...statementOf(list, { values: [of, ...filters], after, count })),
  );
}

/** Its first `count` rows after a position. */
function statementOf<Row, Item>(
  { select, order }: PagedList<Row, Item>,
  rows: {
    readonly values: readonly unknown[];
    readonly after: { readonly at: string | Date; readonly id: string } | undefined;
    readonly count: number;
  },
): [text: string, values: readonly unknown[]] {
  const { values, after, count } = rows;
  const parameter = (index: number) => `$${values.length + index}`;
  const text = `${select}
    AND (${parameter(1)}::timestamptz IS NULL
         OR (${order.at}, ${order.id}) < (${parameter(1)}::timestamptz, ${parameter(2)}::uuid))
    ORDER BY ${order.at} DESC, ${order.id} DESC LIMIT ${parameter(3)}`;
  return [text, [...values, after?.at ?? null, after?.id ?? null, count]];
}

/** So many rows of an export are in memory at a time. */
const BATCH_ROWS = 500;

/**
 * All of a tenant's list, in batches: each is a transaction of its own, so that a slow reader holds no connection. What is
 * added meanwhile is not there. Throws the signal's reason once it aborts.
 */
export async function* readTenantBatches<Row extends object, Item>(
  database: Database,
  of: {
    readonly tenantID: string;
    readonly list: PagedList<Row, Item>;
    readonly filters: readonly unknown[];
    readonly signal: AbortSignal;
  },
): AsyncGenerator<readonly Item[]> {
  const { tenantID, list, filters, signal } = of;
  let after: { readonly at: Date; readonly id: string } | undefined;
  for (;;) {
    signal.throwIfAborted();
    const [text, values] = statementOf(list, { values: [tenantID, ...filters], after, count: BATCH_ROWS });
    const { rows } = await database.withTenant(tenantID, (client) => client.query<Row>(text, [...values]));
    if (rows.length > 0) yield rows.map(list.itemOf);
    const last = rows.at(-1);
    if (last === undefined || rows.length < BATCH_ROWS) return;
    after = list.positionOf(last);
  }
}

/** The page of rows that `read` finds after a position, of which it gives `count` at most. */
export async function pageOf<Row, Item>(
  query: PageQuery,
  { positionOf, itemOf }: Pick<PagedList<Row, Item>, 'positionOf' | 'itemOf'>,
  read: (after: PagePosition | undefined, count: number) => Promise<readonly Row[]>,
): Promise<Page<Item>> {
  const rows = await read(readCursor(query.cursor), query.limit + 1);
  const textOf = (row: Row): PagePosition => {
    const { at, id } = positionOf(row);
    return { at: at.toISOString(), id };
  };
  const { items, nextCursor } = toPage(rows, query.limit, textOf);
  return { status: 200, body: { items: items.map(itemOf), nextCursor } };
}
