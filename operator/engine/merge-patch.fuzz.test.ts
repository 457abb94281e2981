import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fields } from './child-kind.ts';
import { mergePatchBetween, withMergePatch } from './merge-patch.ts';

const KEY = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'toString');

const { fields } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.nat(3),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 2 }),
    tie('fields'),
  ),
  // Keys are people's: those that every object of JavaScript inherits are keys like others.
  fields: fc
    .uniqueArray(fc.tuple(KEY, tie('value')), { selector: ([key]) => key, maxLength: 5 })
    .map(asObject),
}));
const object = fields as fc.Arbitrary<Fields>;

/** As JSON.parse makes it: `__proto__` is a field, and no prototype. */
function asObject(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}

test('the patch between two objects makes the one be the other', () => {
  fc.assert(
    fc.property(object, object, (from, to) => {
      // Compared as JSON says it: an assertion passes over `__proto__`.
      expect(fieldsOf(withMergePatch(from, mergePatchBetween(from, to)))).toEqual(fieldsOf(to));
    }),
  );
});

/** Lists of names and values all the way down, in the order of the names. */
function fieldsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(fieldsOf);
  if (value === null || typeof value !== 'object') return value;
  return Object.entries(value)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => [name, fieldsOf(field)]);
}

test('a key that is called like a prototype goes into the patch', () => {
  const secret = JSON.parse('{"data":{"__proto__":"x","constructor":"y"}}') as Fields;
  expect(JSON.stringify(mergePatchBetween({ data: {} }, secret))).toBe(JSON.stringify(secret));
  expect(JSON.stringify(mergePatchBetween(secret, { data: {} }))).toBe(
    '{"data":{"__proto__":null,"constructor":null}}',
  );
});

test('an object needs no patch to be itself', () => {
  fc.assert(
    fc.property(object, (same) => {
      expect(mergePatchBetween(same, structuredClone(same))).toEqual({});
    }),
  );
});
