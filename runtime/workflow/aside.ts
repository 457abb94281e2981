import { askAgain } from './asking.ts';
import { type Step, type Talk, withState } from './talk.ts';

/** So often in a row something else than an answer is replied to, before it counts as no answer. */
const MAX_ASIDES = 8;
/** So often in a whole call the caller may leave the form, to ask, to correct or to be put through. */
const MAX_DETOURS = 30;

/** Replies beside the form, or asks again once there were too many of them. */
export function aside(talk: Talk, reply: (counted: Talk) => Step): Step {
  const asides = (talk.state.asides ?? 0) + 1;
  const counted = detour(talk);
  if (asides > MAX_ASIDES || !counted) return askAgain(talk);
  const step = reply(withState(counted, { asides }));
  return { ...step, state: { ...step.state, asides } };
}

/** The talk with one more way off the form and back; undefined where there were enough. */
export function detour(talk: Talk): Talk | undefined {
  const detours = (talk.state.detours ?? 0) + 1;
  return detours > MAX_DETOURS ? undefined : withState(talk, { detours });
}
