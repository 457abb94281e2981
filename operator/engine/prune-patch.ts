import { isDeepStrictEqual } from 'node:util';
import type { Fields } from './child-kind.ts';

/**
 * The JSON merge patch (RFC 7396) that makes `live` be `desired`: what is not wanted becomes null, lists
 * that differ are replaced whole. Only what differs is in it; what both lack is left alone.
 */
export function prunePatch(live: Fields, desired: Fields): Fields {
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(live), ...Object.keys(desired)])) {
    const is = live[name];
    const wanted = desired[name] ?? null;
    if (isDeepStrictEqual(is ?? null, wanted)) continue;
    patch[name] = isObject(is) && isObject(wanted) ? prunePatch(is, wanted) : wanted;
  }
  return patch;
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
