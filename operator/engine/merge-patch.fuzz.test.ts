import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Fields } from './child-kind.ts';
import { mergePatchBetween, withMergePatch } from './merge-patch.ts';

const { fields } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.nat(3),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 2 }),
    tie('fields'),
  ),
  fields: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { noNullPrototype: true }),
}));
const object = fields as fc.Arbitrary<Fields>;

test('the patch between two objects makes the one be the other', () => {
  fc.assert(
    fc.property(object, object, (from, to) => {
      expect(withMergePatch(from, mergePatchBetween(from, to))).toEqual(to);
    }),
  );
});

test('an object needs no patch to be itself', () => {
  fc.assert(
    fc.property(object, (same) => {
      expect(mergePatchBetween(same, structuredClone(same))).toEqual({});
    }),
  );
});
