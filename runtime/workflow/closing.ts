import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
import { workflowSchema } from '#crds/tenant/workflow.ts';
import { mayDial } from '#runtime/call/may-dial.ts';
import type { CallSubject } from './call-subject.ts';
import { answerTo } from './form.ts';
import { announcementOf, connectAtOnce, handOver } from './hand-over.ts';
import { isOpen } from './hours/business-hours.ts';
import { filled } from './phrases/phrases.ts';
import {
  type Effect,
  interruptible,
  joined,
  phrasesOf,
  type Step,
  type Talk,
  wholly,
  withState,
} from './talk.ts';

/** The ends of a conversation: the workflow's closing, a message, a person, a goodbye. */

/** Under this name a message is in the lead. */
export const MESSAGE = 'message';
/** So often a caller is put through on their own wish; then there is nobody. */
const MAX_HAND_OVERS = 3;
const DEFAULT_CLOSING = workflowSchema.parse({ name: 'default' }).onComplete.say;

/** The form is done: the closing sentence and what follows it. */
export function close(talk: Talk, ...before: readonly string[]): Step {
  const { say, action, transferTarget } = talk.subject.workflow.onComplete;
  if (action === 'TakeMessage') {
    const prompt = say === DEFAULT_CLOSING ? phrasesOf(talk).takeMessage : say;
    return takeMessage(talk, joined(...before), prompt);
  }
  if (action === 'Transfer') {
    const target = openTargets(talk.subject).find(({ name }) => name === transferTarget);
    if (!target) return takeMessage(talk, joined(...before, phrasesOf(talk).nobodyThere));
    const told = target.mode === 'Warm' ? announcementOf(talk, target) : '';
    return closing(talk, joined(...before, say, told), handOver(talk, target));
  }
  return end(talk, 'WorkflowCompleted', joined(...before, say));
}

/** The last words, then the end of the call. */
export function end(talk: Talk, reason: HangupReason, text: string): Step {
  return closing(talk, text, { kind: 'End', reason });
}

/** The caller is asked for a message, in the tenant's own words where it has some. */
export function takeMessage(talk: Talk, before = '', prompt = phrasesOf(talk).takeMessage): Step {
  const changes = { phase: 'Collecting', asking: MESSAGE, awaiting: 'Message', attempts: 0 } as const;
  const { state } = withState(talk, changes);
  return {
    speech: interruptible(joined(before, prompt)),
    state,
    effect: { kind: 'Listen', for: 'Message' },
  };
}

/** The message is over. */
export function finishMessage(talk: Talk): Step {
  const phrases = phrasesOf(talk);
  const isTaken = answerTo(talk.state, MESSAGE) !== undefined;
  return end(talk, 'WorkflowCompleted', isTaken ? phrases.messageTaken : phrases.goodbye);
}

/** The caller asks for a person: the first who is there, else a message is offered. */
export function toPerson(talk: Talk): Step {
  const [target] = openTargets(talk.subject);
  return target ? toTarget(talk, target) : offerMessage(talk, phrasesOf(talk).nobodyThere);
}

/** To a person or department of the caller's choice. */
export function toTarget(talk: Talk, target: Targets[number]): Step {
  const { state } = talk;
  const handOvers = (state.handOvers ?? 0) + 1;
  if (handOvers > MAX_HAND_OVERS) return offerMessage(talk, phrasesOf(talk).nobodyThere);
  return {
    speech: wholly(announcementOf(talk, target)),
    state: { ...state, handOvers },
    effect: handOver(talk, target),
  };
}

/** Whether the caller wants to leave a message instead. */
export function offerMessage(talk: Talk, ...before: readonly string[]): Step {
  const { state } = withState(talk, { phase: 'Collecting', awaiting: 'Offer', attempts: 0 });
  const text = joined(...before, phrasesOf(talk).offerMessage);
  return { speech: interruptible(text), state, effect: { kind: 'Listen' } };
}

/** Once a call, before anything else, with a person where there is any: danger does not keep to hours. */
export function warn(talk: Talk, number: string): { readonly text: string; readonly effect?: Effect } {
  const phrases = phrasesOf(talk);
  const text = filled(phrases.emergency, { number: number.split('').join(' ') });
  const { subject, state } = talk;
  const target = openTargets(subject)[0] ?? targets(subject)[0];
  if (!target || (state.handOvers ?? 0) >= MAX_HAND_OVERS) return { text };
  return {
    text: joined(text, phrases.emergencyConnecting),
    effect: connectAtOnce(target),
  };
}

/** Who is there now, of those who may be called. */
export function openTargets(subject: CallSubject): Targets {
  const { profile, nowMs } = subject;
  return targets(subject).filter(({ hours }) => isOpen(hours, nowMs, profile.timeZone));
}

function targets({ profile: { transferTargets, limits }, calledNumber }: CallSubject): Targets {
  return transferTargets.filter(({ number }) => mayDial(number, { limits, calledNumber }));
}

export type Targets = CallSubject['profile']['transferTargets'];

function closing(talk: Talk, text: string, effect: Effect): Step {
  const { asking: _, awaiting: __, digits: ___, ...rest } = talk.state;
  return { speech: wholly(text), state: { ...rest, phase: 'Closing', attempts: 0 }, effect };
}
