import { z } from 'zod';
import { apiErrors } from './api-error.ts';

const pageQuery = z.object({
  page: z
    .object({
      number: z.coerce.number().int().min(1).default(1),
      size: z.coerce.number().int().min(1).max(250).default(20),
    })
    .prefault({}),
});

/** One page of a list, as `page[number]` and `page[size]` of the query ask for it. */
export function pageOf(items: readonly object[], query: unknown): object {
  const { page } = parse(pageQuery, query);
  const first = (page.number - 1) * page.size;
  return {
    data: items.slice(first, first + page.size),
    meta: {
      page_number: page.number,
      page_size: page.size,
      total_pages: Math.ceil(items.length / page.size),
      total_results: items.length,
    },
  };
}

/** Parses what came in a request; what is wrong becomes Telnyx's 422 with a pointer to the field. */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const pointer = ['', ...(issue?.path ?? []), ...unknown.slice(0, 1)].map(String).join('/');
  throw apiErrors.invalid(
    `${issue?.message ?? 'The request is invalid'} (${pointer || '/'}).`,
    pointer || '/',
  );
}
