import type { ConditionType, ReasonOf } from '#crds/conditions/reasons.ts';
import type { Verdict } from '#operator/engine/conditions.ts';

/** A judgement whose type and reason are in the documented list. */
export function verdict<T extends ConditionType>(
  type: T,
  status: Verdict['status'],
  reason: ReasonOf<T>,
  message: string,
): Verdict {
  return { type, status, reason, message };
}

/**
 * The Ready of an object: True when every verdict that matters is, else the first that is not.
 * Verdicts that wait for something that is under way come as Progressing.
 */
export function readyFrom(verdicts: readonly Verdict[], inProgress: ReadonlySet<string>): Verdict {
  const failing = verdicts.find((other) => other.status !== 'True');
  if (failing === undefined) return verdict('Ready', 'True', 'Ready', 'Everything is as the spec says.');
  const reason = inProgress.has(failing.reason) ? 'Progressing' : 'Failed';
  return verdict('Ready', 'False', reason, `${failing.type}: ${failing.message}`);
}
