import type { z } from 'zod';
import type { Database } from '../database/database.ts';
import { type PagePosition, type pageQuerySchema, readCursor, toPage } from './page.ts';

/** A list that is read page by page, from the newest to the oldest. */
export interface PagedList<Row, Item> {
  /** A SELECT up to the end of its WHERE, to which the end of the page before is added. `$1` is whose list it is. */
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
  { tenantID, query, list }: { tenantID: string; query: PageQuery; list: PagedList<Row, Item> },
): Promise<Page<Item>> {
  const run: RunQuery = (text, values) =>
    database.withTenant(tenantID, async (client) => (await client.query(text, [...values])).rows);
  return readPage(run, { of: tenantID, query, list });
}

/** The page of a person's own list, which belongs to no tenant. Throws as `readTenantPage` does. */
export function readPersonPage<Row extends object, Item>(
  database: Database,
  { userID, query, list }: { userID: string; query: PageQuery; list: PagedList<Row, Item> },
): Promise<Page<Item>> {
  const run: RunQuery = (text, values) => database.query(text, [...values]);
  return readPage(run, { of: userID, query, list });
}

async function readPage<Row extends object, Item>(
  run: RunQuery,
  { of, query, list }: { of: string; query: PageQuery; list: PagedList<Row, Item> },
): Promise<Page<Item>> {
  const { select, order, positionOf, itemOf } = list;
  const after = readCursor(query.cursor);
  const rows = await run<Row>(
    `${select} AND ($2::timestamptz IS NULL OR (${order.at}, ${order.id}) < ($2::timestamptz, $3::uuid))
     ORDER BY ${order.at} DESC, ${order.id} DESC LIMIT $4`,
    [of, after?.at ?? null, after?.id ?? null, query.limit + 1],
  );
  const textOf = (row: Row): PagePosition => {
    const { at, id } = positionOf(row);
    return { at: at.toISOString(), id };
  };
  const { items, nextCursor } = toPage(rows, query.limit, textOf);
  return { status: 200, body: { items: items.map(itemOf), nextCursor } };
}
