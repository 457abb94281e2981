import { askAgain } from './asking.ts';
import { type Step, type Talk, withState } from './talk.ts';

/** So often in a row something else than an answer is replied to, before it counts as no answer. */
const MAX_ASIDES = 8;

/** Replies beside the form, or asks again once there were too many of them. */
export function aside(talk: Talk, reply: (counted: Talk) => Step): Step {
  const asides = (talk.state.asides ?? 0) + 1;
  if (asides > MAX_ASIDES) return askAgain(talk);
  const step = reply(withState(talk, { asides }));
  return { ...step, state: { ...step.state, asides } };
}
