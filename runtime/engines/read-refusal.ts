import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { EngineError, type EngineErrorCode } from './engine-error.ts';
import type { Exchange, Refusal } from './exchange.ts';
import { jsonOf } from './json-of.ts';

/** The error of an answer whose status is not 2xx. Reads its body, up to a bound. */
export async function readRefusal(
  engine: string,
  { statusCode, headers, body }: Dispatcher.ResponseData,
  exchange: Exchange<unknown>,
): Promise<EngineError> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_REFUSAL_BYTES) break;
    chunks.push(chunk);
  }
  const retryAfterMs = retryAfterOf(headers['retry-after']);
  const refusal: Refusal = {
    status: statusCode,
    ...errorWords(Buffer.concat(chunks).toString('utf8')),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
  return new EngineError(engine, exchange.explain?.(refusal) ?? codeOf(statusCode), {
    cause: new Error(wordsOf(refusal)),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** The words of an error as OpenAI has them under `error`, and older servers at the top. */
export function errorWords(text: string): { code: string; type: string; param: string } {
  const parsed = errorSchema.safeParse(jsonOf(text));
  const none = { code: '', type: '', param: '' };
  if (!parsed.success) return none;
  const { error } = parsed.data;
  return typeof error === 'object' ? error : wordsSchema.parse(parsed.data);
}

/** 429 and 5xx pass; other refusals come again. */
function codeOf(status: number): EngineErrorCode {
  if (status === 429) return 'engine_busy';
  return status >= 500 ? 'engine_unavailable' : 'engine_refused';
}

function wordsOf({ status, code, type, param }: Refusal): string {
  const words = [code, type, param].filter((word) => word !== '').join(', ');
  return `HTTP status ${status}${words === '' ? '' : ` (${words})`}`;
}

/** Seconds, or an HTTP date, which no engine is known to send and which is left aside. */
function retryAfterOf(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string' || !/^\d{1,6}(\.\d{1,3})?$/.test(header)) return undefined;
  return Math.min(Number(header) * 1000, MAX_RETRY_AFTER_MS);
}

/** A word as programs compare it; free text might repeat what the caller said. */
const word = z
  .union([z.string(), z.number().transform(String)])
  .pipe(z.string().regex(/^[\w.-]{1,64}$/))
  .catch('');
const wordsSchema = z.object({ code: word, type: word, param: word });
const errorSchema = z.looseObject({ error: z.union([wordsSchema, z.string()]).optional() });

const MAX_REFUSAL_BYTES = 16 * 1024;
/** A server that asks for more is asked again all the same: it may have been restarted. */
const MAX_RETRY_AFTER_MS = 30_000;
