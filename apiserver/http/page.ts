import { z } from 'zod';
import { ApiError } from './api-error.ts';

/** Where a page ended: lists run from the newest to the oldest, the id deciding between equal times. */
export interface PagePosition {
  readonly at: string;
  readonly id: string;
}

const positionSchema = z.strictObject({
  // Postgres knows no year 0.
  at: z.iso.datetime().refine((at) => !at.startsWith('0000')),
  id: z.uuid(),
});

/** The query of every list. */
export const pageQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(25).describe('How many at most, 1 to 100.'),
  cursor: z.string().max(200).optional().describe('`nextCursor` of the page before.'),
});

/** The reply of a list. */
export function pageSchema<T extends z.ZodType>(item: T) {
  return z.strictObject({
    items: z.array(item),
    nextCursor: z.string().nullable().describe('Pass it as `cursor` for the next page; null: there is none.'),
  });
}

/** Parses a cursor of ours; throws ApiError `invalid_request` for another text. */
export function readCursor(cursor: string | undefined): PagePosition | undefined {
  if (cursor === undefined) return undefined;
  const parsed = positionSchema.safeParse(parseJSON(Buffer.from(cursor, 'base64url').toString('utf8')));
  if (!parsed.success) {
    throw new ApiError('invalid_request', undefined, {
      fields: [{ path: 'query.cursor', message: 'is not a cursor that this API gave' }],
    });
  }
  return parsed.data;
}

/** Makes a page of `limit + 1` rows or fewer: the further one only tells that there is a next page. */
export function toPage<T>(rows: readonly T[], limit: number, positionOf: (row: T) => PagePosition) {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const nextCursor =
    rows.length > limit && last !== undefined
      ? Buffer.from(JSON.stringify(positionOf(last))).toString('base64url')
      : null;
  return { items, nextCursor };
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
