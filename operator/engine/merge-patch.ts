import { isDeepStrictEqual } from 'node:util';
import type { Fields } from './child-kind.ts';

/**
 * The JSON merge patch (RFC 7396) that makes `from` be `to`: what `to` lacks becomes null, lists that
 * differ are replaced whole. Only what differs is in it; what both lack is left alone.
 */
export function mergePatchBetween(from: Fields, to: Fields): Fields {
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const is = from[name];
    const wanted = to[name] ?? null;
    if (isDeepStrictEqual(is ?? null, wanted)) continue;
    patch[name] = isObject(is) && isObject(wanted) ? mergePatchBetween(is, wanted) : wanted;
  }
  return patch;
}

/** The object with a JSON merge patch carried out. */
export function withMergePatch(object: Fields, patch: Fields): Fields {
  const result: Record<string, unknown> = { ...object };
  for (const [name, value] of Object.entries(patch)) {
    const is = result[name];
    if (value === null) delete result[name];
    else result[name] = isObject(value) ? withMergePatch(isObject(is) ? is : {}, value) : value;
  }
  return result;
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
