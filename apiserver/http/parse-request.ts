import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { ApiError, type FieldProblem } from './api-error.ts';

export interface RawRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
  /** From where, as `clientNetwork` says it. */
  readonly network: string;
  /** Aborts when the client is gone, or may not have a streamed reply any more. */
  readonly signal: AbortSignal;
}

export interface RequestSchemas {
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType | undefined;
  /** Whether it takes an Idempotency-Key. */
  readonly creates: boolean;
}

export interface ParsedRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly idempotencyKey: string | undefined;
  /** '': there is none. */
  readonly ifMatch: string;
  readonly network: string;
  readonly signal: AbortSignal;
}

/** So many wrong fields are named. */
const MAX_FIELDS = 20;

export const idempotencyKeySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters without spaces')
  .describe('Makes it safe to send the request again within 24 hours: the reply is that of the first.');

/**
 * Every part is parsed before anything is said, so that all problems are named at once.
 * Throws ApiError `invalid_request`.
 */
export function parseRequest(schemas: RequestSchemas, raw: RawRequest): ParsedRequest {
  const fields: FieldProblem[] = [];
  const parse = (path: string, schema: z.ZodType | undefined, value: unknown): unknown => {
    const result = schema?.safeParse(value);
    for (const issue of result?.error?.issues ?? []) {
      fields.push({ path: [path, ...issue.path.map(String)].join('.'), message: issue.message });
    }
    return result?.data;
  };
  const key = schemas.creates ? raw.headers['idempotency-key'] : undefined;
  const parsed = {
    params: parse('params', schemas.params, raw.params),
    query: parse('query', schemas.query, raw.query),
    body: schemas.body ? parse('body', schemas.body, raw.body) : {},
    idempotencyKey: key === undefined ? undefined : String(key),
    ifMatch: raw.headers['if-match'] ?? '',
    network: raw.network,
    signal: raw.signal,
  };
  if (key !== undefined) parse('headers.idempotency-key', idempotencyKeySchema, key);
  if (fields.length > 0) {
    throw new ApiError('invalid_request', undefined, { fields: fields.slice(0, MAX_FIELDS) });
  }
  return parsed;
}
