import { z } from 'zod';
import { hangupReasonSchema } from '#crds/ledger/hangup-reason.ts';
import { timeRange } from '../http/time-range.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
/**
 * Every word of the time is looked at, as row-level security bars an index of words: it could tell of those of other
 * tenants. The index of times is what keeps it quick.
 */
const MAX_TEXT_DAYS = 31;

/** No control characters, which a database does not hold, nor half a surrogate pair. */
const searchText = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters')
  .refine((text) => text.isWellFormed(), 'must be well-formed Unicode');

/** What lists and exports of calls are filtered by. */
export const callFilters = {
  ...timeRange,
  number: searchText
    // Where it is not encoded as %2B, a plus arrives as a space.
    .transform((number) => number.replace(/^ /, '+'))
    .optional()
    .describe("The caller's number or the one that was dialled, as the carrier gave it.")
    .meta({ examples: ['+13125550142'] }),
  outcome: z
    .enum([...hangupReasonSchema.options, 'Ongoing'])
    .optional()
    .describe('Why it ended; `Ongoing`: it has not.'),
  text: searchText
    .optional()
    .describe('Words that were said. Needs `since` and `until`, 31 days apart at most.'),
};

/** What lists and exports of leads are filtered by. */
export const leadFilters = {
  ...timeRange,
  number: callFilters.number,
  workflow: searchText.optional().describe('Of this workflow only.'),
  complete: z.enum(['true', 'false']).optional().describe('Whether the caller answered every question.'),
  text: searchText.optional().describe('Words of a field. Needs `since` and `until`, 31 days apart at most.'),
};

type TextQuery = { readonly since?: string | undefined; readonly until?: string | undefined } & {
  readonly text?: string | undefined;
};

/** For `.refine(isTextBounded, UNBOUNDED_TEXT)`: text is looked for within a time. */
export function isTextBounded({ text, since, until }: TextQuery): boolean {
  if (text === undefined) return true;
  if (since === undefined || until === undefined) return false;
  return Date.parse(until) - Date.parse(since) <= MAX_TEXT_DAYS * DAY_MS;
}

export const UNBOUNDED_TEXT = {
  path: ['text'],
  error: `needs since and until, at most ${MAX_TEXT_DAYS} days apart`,
};

/** Of a query, for the `WHERE` of `CALL_FILTERS`. */
export function callFilterValues(query: z.output<z.ZodObject<typeof callFilters>>): readonly unknown[] {
  return [query.since, query.until, query.number, query.outcome, likeOf(query.text)];
}

/** `$2` to `$6`, for `FROM calls c`. */
export const CALL_FILTERS = `
  ($2::timestamptz IS NULL OR c.started_at >= $2) AND ($3::timestamptz IS NULL OR c.started_at < $3)
  AND ($4::text IS NULL OR c.from_number = $4 OR c.to_number = $4)
  AND ($5::text IS NULL OR c.hangup_reason = $5 OR ($5 = 'Ongoing' AND c.ended_at IS NULL))
  AND ($6::text IS NULL OR EXISTS (
    SELECT FROM call_turns t WHERE t.tenant_id = c.tenant_id AND t.call_id = c.call_id AND t.text ILIKE $6))`;

/** Of a query, for the `WHERE` of `LEAD_FILTERS`. */
export function leadFilterValues(query: z.output<z.ZodObject<typeof leadFilters>>): readonly unknown[] {
  return [query.since, query.until, query.number, query.workflow, query.complete, likeOf(query.text)];
}

/** `$2` to `$7`, for `FROM leads l JOIN calls c`. */
export const LEAD_FILTERS = `
  ($2::timestamptz IS NULL OR l.captured_at >= $2) AND ($3::timestamptz IS NULL OR l.captured_at < $3)
  AND ($4::text IS NULL OR c.from_number = $4 OR c.to_number = $4)
  AND ($5::text IS NULL OR l.workflow = $5) AND ($6::boolean IS NULL OR l.complete = $6)
  AND ($7::text IS NULL OR EXISTS (
    SELECT FROM jsonb_array_elements(l.fields) f WHERE f ->> 'value' ILIKE $7 OR f ->> 'spoken' ILIKE $7))`;

/** A pattern that finds the text itself, whatever is in it. */
function likeOf(text: string | undefined): string | undefined {
  return text && `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}
