import { createHash } from 'node:crypto';
import { ApiError } from './api-error.ts';

/** The ETag of what a reply shows: equal content has equal tags, on every replica and in any key order. */
export function entityTagOf(content: unknown): string {
  const text = JSON.stringify(content, (_key, value: unknown) => (isRecord(value) ? sorted(value) : value));
  return `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

/**
 * Throws ApiError `precondition_failed` unless the header If-Match names `current`. A proxy that
 * compresses marks tags as weak (`W/`); ours are of the content itself, so such a one still matches.
 */
export function assertMatch(ifMatch: string, current: string): void {
  const tags = ifMatch.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (!tags.includes('*') && !tags.includes(current)) throw new ApiError('precondition_failed');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
