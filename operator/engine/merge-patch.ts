import { isDeepStrictEqual } from 'node:util';
import type { Fields } from './child-kind.ts';

/**
 * The JSON merge patch (RFC 7396) that makes `from` be `to`: what `to` lacks becomes null, lists that
 * differ are replaced whole. Only what differs is in it; what both lack is left alone.
 */
export function mergePatchBetween(from: Fields, to: Fields): Fields {
  const patch = new Map<string, unknown>();
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const is = fieldOf(from, name);
    const wanted = fieldOf(to, name) ?? null;
    if (isDeepStrictEqual(is ?? null, wanted)) continue;
    patch.set(name, isObject(is) && isObject(wanted) ? mergePatchBetween(is, wanted) : wanted);
  }
  return Object.fromEntries(patch);
}

/** The object with a JSON merge patch carried out. */
export function withMergePatch(object: Fields, patch: Fields): Fields {
  const result = new Map(Object.entries(object));
  for (const [name, value] of Object.entries(patch)) {
    const is = result.get(name);
    if (value === null) result.delete(name);
    else result.set(name, isObject(value) ? withMergePatch(isObject(is) ? is : {}, value) : value);
  }
  return Object.fromEntries(result);
}

/** A key of a Secret may be `constructor`, and `__proto__` too: neither is what every object inherits. */
function fieldOf(object: Fields, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: unknown): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
