import { ACCEPT_KEY, DECLINE_KEY } from '#runtime/call/consult.ts';
import type { CollectedField } from '#runtime/call/conversation-state.ts';
import { readBackOf } from './answers/read-back.ts';
import { answerContext, type CallSubject } from './call-subject.ts';
import { filled, phrasesFor } from './phrases/phrases.ts';
import { joined, phrasesOf, type Talk, type Transfer } from './talk.ts';

/** Calls that are handed to a person: put through, or only once that person has heard who calls and about what. */

type Target = CallSubject['profile']['transferTargets'][number];

/** Of one answer, and of all: whoever is called listens for half a minute, not for more. */
const MAX_ANSWER_CHARACTERS = 120;
const MAX_ANSWERS_CHARACTERS = 400;

export function handOver(talk: Talk, target: Target): Transfer {
  const transfer = connectAtOnce(target);
  return target.mode === 'Warm' ? { ...transfer, summary: summaryOf(talk) } : transfer;
}

/** Whatever the target's mode: for who may be in danger, and must not wait for a key to be pressed. */
export function connectAtOnce({ name: target }: Target): Transfer {
  return { kind: 'Transfer', target };
}

/** What the caller is told before it. */
export function announcementOf(talk: Talk, target: Target): string {
  const { askingPerson, connecting } = phrasesOf(talk);
  return target.mode === 'Warm' ? filled(askingPerson, { target: spokenName(target) }) : connecting;
}

/** What callers are told who wait for an answer of the target, in the order in which they hear it. */
export function waitingTexts(profile: CallSubject['profile'], name: string): readonly string[] {
  const target = profile.transferTargets.find((candidate) => candidate.name === name) ?? { name };
  return phrasesFor(profile.language).stillAsking.map((text) => filled(text, { target: spokenName(target) }));
}

function spokenName({ name, displayName }: Pick<Target, 'name' | 'displayName'>): string {
  return displayName ?? name.replaceAll('-', ' ');
}

/** Who calls, about what, from what was collected, and how the call is taken. */
function summaryOf(talk: Talk): string {
  const { callerForYou, takeTheCall } = phrasesOf(talk);
  const { displayName } = talk.subject.profile;
  return joined(
    filled(callerForYou, { company: displayName }),
    callsFrom(talk),
    answersText(talk),
    filled(takeTheCall, { accept: ACCEPT_KEY, decline: DECLINE_KEY }),
  );
}

/** Unless the number was withheld. */
function callsFrom({ subject, state }: Talk): string {
  const context = answerContext(subject, state);
  const { callerNumber } = context;
  if (callerNumber === undefined) return '';
  const number = readBackOf('Phone', callerNumber, context);
  return filled(phrasesFor(subject.profile.language).callsFrom, { number });
}

/** As many whole answers as there is time for. */
function answersText(talk: Talk): string {
  let text = '';
  for (const answer of talk.state.collected) {
    const next = joined(text, answerText(talk, answer));
    if (answer.status === 'Rejected' || next.length > MAX_ANSWERS_CHARACTERS) continue;
    text = next;
  }
  return text;
}

function answerText({ subject, state }: Talk, { name, label, value }: CollectedField): string {
  const type = subject.workflow.fields.find((field) => field.name === name)?.type ?? 'Text';
  const spoken = readBackOf(type, value, answerContext(subject, state)).slice(0, MAX_ANSWER_CHARACTERS);
  return `${label}: ${spoken}.`;
}
