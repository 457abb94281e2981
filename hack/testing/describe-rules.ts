import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CustomResource } from '#crds/schema/custom-resource.ts';
import { Admission } from './admission.ts';

export interface RuleCases {
  /** A spec that is right, the same made wrong, and the words that people then read. */
  readonly specs: readonly (readonly [rule: string, right: object, wrong: object, words: string])[];
  /** A spec that is stored, another that may not replace it, and the words that people then read. */
  readonly changes?: readonly (readonly [what: string, before: object, after: object, words: string])[];
  /** Names of at most this many characters are accepted. */
  readonly longestName: number;
  /** Names that are not, and the words that people then read. */
  readonly wrongNames?: readonly (readonly [name: string, words: string])[];
}

/** Tests each case against the real API server, with strict field validation. */
export function describeRules(resource: CustomResource, cases: RuleCases): void {
  const { specs, changes = [], longestName, wrongNames = [] } = cases;
  const [anySpec] = specs.map(([, right]) => right);

  describe(`the API server on a ${resource.kind}`, () => {
    let admission: Admission;
    beforeAll(() => {
      admission = new Admission();
    });
    afterAll(() => admission.client.close());

    test.each(specs)('%s', async (_rule, right, wrong, words) => {
      const good = await admission.ofSpec(resource, right);
      expect(good.accepted ? '' : good.message).toBe('');
      const bad = await admission.ofSpec(resource, wrong);
      expect(bad.accepted ? 'was accepted' : bad.message).toContain(words);
    });

    test.each(changes)('a change is refused: %s', async (what, before, after, words) => {
      const name = what.replaceAll(' ', '-').toLowerCase();
      await admission.store(resource, name, before);
      const same = await admission.ofChange(resource, name, before);
      expect(same.accepted ? '' : same.message).toBe('');
      const changed = await admission.ofChange(resource, name, after);
      expect(changed.accepted ? 'was accepted' : changed.message).toContain(words);
      await admission.remove(resource, name);
    });

    test.each(wrongNames)('the name %s is refused', async (name, words) => {
      const verdict = await admission.ofSpec(resource, anySpec, name);
      expect(verdict.accepted ? 'was accepted' : verdict.message).toContain(words);
    });

    test.each([
      ['the longest name is accepted', 'a'.repeat(longestName), true],
      ['a longer name is refused', 'a'.repeat(longestName + 1), false],
      ['a name with a dot is refused', 'acme.corp', false],
    ])('%s', async (_what, name, accepted) => {
      const verdict = await admission.ofSpec(resource, anySpec, name);
      expect(verdict.accepted ? '' : verdict.message).toContain(
        accepted ? '' : `must be a DNS label (a-z, 0-9 and -) of at most ${longestName} characters`,
      );
      expect(verdict.accepted).toBe(accepted);
    });
  });
}
