import type { Verdict } from '#operator/engine/conditions.ts';
import { verdict } from './verdict.ts';

/** A field that the schema accepts and nothing acts on yet. */
export interface UnservedField<Spec> {
  /** Under `spec`, as a person would write it. */
  readonly path: string;
  readonly isSet: (spec: Spec) => boolean;
}

/** Nothing in a spec is ignored in silence: what is not served is named. */
export function servedVerdict<Spec>(spec: Spec, unserved: readonly UnservedField<Spec>[]): Verdict {
  const paths = unserved.filter(({ isSet }) => isSet(spec)).map(({ path }) => `spec.${path}`);
  return paths.length === 0
    ? verdict('Served', 'True', 'AllFieldsServed', 'Nothing in the spec is ignored.')
    : verdict('Served', 'False', 'NotServedYet', `Kept, but nothing acts on it yet: ${paths.join(', ')}.`);
}
