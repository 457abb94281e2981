import type { z } from 'zod';

/**
 * A rule that a JSON schema cannot say. `cel` is what the Kubernetes API server runs; `holds` is the
 * same rule for our own programs. A rule over `oldSelf` (a transition) has no `holds`: only the API
 * server sees both sides.
 */
export interface Rule<T> {
  readonly cel: string;
  /** What is wrong and what to do, for the person who wrote the manifest. */
  readonly message: string;
  readonly holds?: (value: T) => boolean;
}

export const CEL_RULES = 'x-kubernetes-validations';

/** Attaches rules to a schema: as CEL for the CRD, and as refinements for zod. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  let ruled: S = schema;
  for (const { holds, message } of rules) {
    // `when` is left at zod's default: a rule runs only over a value whose shape was right.
    if (holds) ruled = ruled.refine(holds, message);
  }
  const earlier = (schema.meta()?.[CEL_RULES] ?? []) as { rule: string; message: string }[];
  const added = rules.map(({ cel, message }) => ({ rule: cel, message }));
  return ruled.meta({ ...ruled.meta(), [CEL_RULES]: [...earlier, ...added] });
}
