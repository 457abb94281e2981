import { isDeepStrictEqual } from 'node:util';

/** A line that says what differs; none where nothing does. */
export function same(what: string, found: unknown, expected: unknown): string[] {
  if (isDeepStrictEqual(found, expected)) return [];
  return [`${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`];
}
