import type { Rules } from '#hack/engines/rule-model.ts';
import type { Answering } from '../calls/tenants.ts';

/** A way to say something: phrases, with a pause after each but the last. */
export type Phrasing = readonly string[];

/**
 * What is asked and answered in the bench of mouth to ear: a form with a field of each kind that callers answer by
 * themselves.
 */
export interface Interview {
  readonly name: string;
  readonly answering: Answering;
  /** The turns of a call in their order, each in several ways. */
  readonly turns: readonly (readonly Phrasing[])[];
  /** The same interview as a language model would lead it. */
  readonly rules: Rules;
}
