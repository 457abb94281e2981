import { type SpecOf, unservedFields } from '#crds/conditions/served.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import { verdict } from './verdict.ts';

/** The most fields that a message names; the rest are counted. */
const MAX_NAMED = 20;

/** Nothing in a spec is ignored in silence: what is not served yet is named. */
export function servedVerdict<K extends keyof SpecOf>(kind: K, spec: SpecOf[K]): Verdict {
  const fields = unservedFields(kind, spec);
  if (fields.length === 0) {
    return verdict('Served', 'True', 'AllFieldsServed', 'Nothing in the spec is ignored.');
  }
  const more = fields.length > MAX_NAMED ? ` and ${fields.length - MAX_NAMED} more` : '';
  const named = fields.slice(0, MAX_NAMED).join(', ');
  return verdict('Served', 'False', 'NotServedYet', `Kept, but nothing acts on it yet: ${named}${more}.`);
}
