import { APIError } from 'telnyx';
import { z } from 'zod';
import type { CarrierResult } from './carrier.ts';

/** What Telnyx's errors mean for a call: read by status and code, never by their text. */

/** Telnyx's error body. */
const errorBodySchema = z.object({ errors: z.array(z.object({ code: z.coerce.string() })) });

/** The call has ended, or is not known at all: every id that we send was once told us by a webhook. */
const ENDED_CODES = ['90018', '90015'];
const NOT_ANSWERED_CODE = '90034';

/** The wait after a 429 that does not say how long, and the longest that one may ask for. */
const DEFAULT_RETRY_AFTER_MS = 1_000;
const MAX_RETRY_AFTER_MS = 10_000;

export function failureOf(error: unknown): Exclude<CarrierResult, 'Done'> {
  if (!(error instanceof APIError)) return 'Unreachable';
  const codes = errorCodesOf(error);
  if (error.status === 404 || ENDED_CODES.some((code) => codes.includes(code))) return 'CallEnded';
  if (codes.includes(NOT_ANSWERED_CODE)) return 'NotAnswered';
  const { status } = error;
  if (status === 429) return 'Throttled';
  // No status: no connection or no reply in time. 5xx may pass.
  if (status === undefined || status >= 500) return 'Unreachable';
  return 'Refused';
}

/** How long a 429 asks to wait, in ms: `retry-after` in seconds or as a date, else `x-ratelimit-reset`. */
export function retryAfterMs(error: unknown, nowMs: number): number {
  if (!(error instanceof APIError)) return DEFAULT_RETRY_AFTER_MS;
  const asked = error.headers?.get('retry-after') ?? error.headers?.get('x-ratelimit-reset');
  if (!asked) return DEFAULT_RETRY_AFTER_MS;
  const waitMs = /^\d+(\.\d+)?$/.test(asked) ? Number(asked) * 1_000 : Date.parse(asked) - nowMs;
  if (Number.isNaN(waitMs)) return DEFAULT_RETRY_AFTER_MS;
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(0, waitMs));
}

/** For the log: never the message, which may repeat the request with the caller's number. */
export function diagnosisOf(error: unknown): { status?: number; codes?: readonly string[]; error?: string } {
  if (!(error instanceof APIError)) return { error: error instanceof Error ? error.name : 'unknown' };
  return {
    ...(error.status === undefined ? { error: error.name } : { status: error.status }),
    codes: errorCodesOf(error),
  };
}

function errorCodesOf(error: { error: unknown }): readonly string[] {
  const body = errorBodySchema.safeParse(error.error);
  return body.success ? body.data.errors.map(({ code }) => code) : [];
}
