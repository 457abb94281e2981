import type { WorkflowField } from '#crds/tenant/workflow.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import { readBackOf } from './answers/read-back.ts';
import { type Awaiting, awaited } from './awaiting.ts';
import { answerContext } from './call-subject.ts';
import { close, end, finishMessage } from './closing.ts';
import { answerTo, askedField, openField, withSkipped } from './form.ts';
import { filled } from './phrases/phrases.ts';
import { interruptible, joined, type Listening, phrasesOf, type Step, type Talk, withState } from './talk.ts';

/** The questions of a conversation: the next one, and the open one again. */

/** A question is put three times in all. */
const MAX_ATTEMPTS = 3;
/** Whoever rejects what was read back is asked a little longer. */
const MAX_READ_BACK_ATTEMPTS = 5;

/** Goes on to the next field that is open, after some words; closes where none is. */
export function goOn(talk: Talk, ...before: readonly string[]): Step {
  const { state, subject } = talk;
  const field = openField(state, subject.workflow);
  if (!field) return close(talk, ...before);
  const isReadBack = answerTo(state, field.name)?.status === 'Unconfirmed';
  return putQuestion({ subject, state: askingState(state, field, isReadBack) }, ...before);
}

/** The open question again, after some words. */
export function putQuestion(talk: Talk, ...before: readonly string[]): Step {
  const text = joined(...before, openQuestion(talk));
  return { speech: interruptible(text), state: talk.state, effect: listening(talk) };
}

/** What is listened for in this state. */
export function listening({ state, subject }: Talk): Listening {
  const awaiting = awaited(state);
  if (awaiting === 'Message') return { kind: 'Listen', for: 'Message' };
  const isNumber = awaiting === 'Answer' && askedField(state, subject.workflow)?.type === 'Phone';
  return isNumber ? { kind: 'Listen', for: 'Digits' } : { kind: 'Listen' };
}

/** Nothing usable came: the question again, or on without an answer once it was put often enough. */
export function askAgain(talk: Talk, excuse = phrasesOf(talk).unusable): Step {
  const { state, subject } = talk;
  const awaiting = awaited(state);
  const field = askedField(state, subject.workflow);
  const attempts = state.attempts + 1;
  const most = awaiting === 'ReadBack' ? MAX_READ_BACK_ATTEMPTS : MAX_ATTEMPTS;
  const isOptional = awaiting === 'Answer' && field?.required === false;
  if (awaiting === 'Offer' && attempts >= most) return declined(talk);
  if (awaiting === 'Message' && attempts >= most) return finishMessage(talk);
  if (field && awaiting !== 'Offer' && (isOptional || attempts >= most)) return giveUp(talk, field);
  const again = { subject, state: { ...state, attempts } };
  return putQuestion(again, excuse, awaiting === 'Answer' ? choicesText(talk, field) : '');
}

/** Rejected often enough, or answered unusably: the field stays as it is, and is not asked any more. */
export function giveUp({ subject, state }: Talk, { name }: WorkflowField): Step {
  const { digits: _, ...rest } = state;
  return goOn({ subject, state: withSkipped(rest, subject.workflow, name) });
}

/** No message is to be taken: on with the form, or the end where it is done. */
export function declined(talk: Talk): Step {
  const { subject, state } = talk;
  if (openField(state, subject.workflow)) return goOn(withState(talk, { attempts: 0 }));
  return end(talk, 'WorkflowCompleted', phrasesOf(talk).goodbye);
}

/** The caller rejected the answer: it is asked for once more, or given up. */
export function askAnew(talk: Talk, field: WorkflowField): Step {
  const { subject, state } = talk;
  const attempts = state.attempts + 1;
  if (attempts >= MAX_READ_BACK_ATTEMPTS) return giveUp(talk, field);
  const anew = { subject, state: { ...askingState(state, field, false), attempts } };
  return putQuestion(anew, phrasesOf(talk).sorry);
}

function askingState(
  state: ConversationState,
  { name }: WorkflowField,
  isReadBack: boolean,
): ConversationState {
  const { awaiting: _, ...rest } = state;
  const attempts = state.asking === name ? state.attempts : 0;
  const asking = { ...rest, phase: 'Collecting' as const, asking: name, attempts };
  return isReadBack ? { ...asking, awaiting: 'ReadBack' } : asking;
}

function openQuestion(talk: Talk): string {
  return QUESTIONS[awaited(talk.state)](talk);
}

const QUESTIONS: Readonly<Record<Awaiting, (talk: Talk) => string>> = {
  Answer: ({ state, subject }) => askedField(state, subject.workflow)?.prompt ?? '',
  ReadBack: readBackText,
  Offer: (talk) => phrasesOf(talk).offerMessage,
  More: (talk) => phrasesOf(talk).anythingElse,
  Message: (talk) => phrasesOf(talk).takeMessage,
};

function readBackText(talk: Talk): string {
  const { state, subject } = talk;
  const field = askedField(state, subject.workflow);
  const value = field && answerTo(state, field.name)?.value;
  if (value === undefined) return field?.prompt ?? '';
  const spoken = readBackOf(field?.type ?? 'Text', value, answerContext(subject, state));
  return filled(phrasesOf(talk).readBack, { value: spoken });
}

/** Callers who did not hit on a choice are told them. */
function choicesText(talk: Talk, field: WorkflowField | undefined): string {
  if (!field?.choices) return '';
  const list = new Intl.ListFormat(talk.subject.profile.language, { type: 'disjunction' });
  return filled(phrasesOf(talk).choices, { value: list.format(field.choices) });
}
