import type { WorkflowField } from '#crds/tenant/workflow.ts';
import type { Language } from '../language.ts';
import { plainText } from '../plain-text.ts';
import { patternsOf } from './intent-patterns.ts';

/** Longer sentences that begin with "actually" tell something else. */
const MAX_WORDS = 16;

/** The field, of those that were answered, that the caller wants to put right: "wait, the number was wrong". */
export function correctedField(
  spoken: string,
  answered: readonly WorkflowField[],
  language: Language,
): WorkflowField | undefined {
  const { marker, wrong, fields } = patternsOf(language).correction;
  const plain = plainText(spoken);
  if (plain.split(' ').length > MAX_WORDS || !(marker.test(plain) || wrong.test(plain))) return undefined;
  return answered.find(({ type }) => fields[type]?.test(plain));
}
