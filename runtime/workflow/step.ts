import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import { goOn, putQuestion } from './asking.ts';
import { awaited } from './awaiting.ts';
import type { CallSubject } from './call-subject.ts';
import { close, finishMessage, MESSAGE, offerMessage, takeMessage } from './closing.ts';
import { answerTo, askedField, openField } from './form.ts';
import { hearDigits } from './hear-digits.ts';
import { hearUnclear, hearWords } from './hearing.ts';
import { isOpen } from './hours/business-hours.ts';
import { type Heard, joined, phrasesOf, type Step, type Talk } from './talk.ts';

/**
 * The step-by-step driver: a pure state machine that asks a workflow's fields one after another.
 *
 *   Greeting ──▶ Answer(field) ──▶ ReadBack(field) ──▶ the next field … ──▶ Closing ──▶ Done
 *                  │  ▲              │ no: Answer                             ▲
 *                  └──┘ not usable   └ corrected: ReadBack                    │
 *     "a person" ──▶ Transfer, or Offer ── yes ──▶ Message ───────────────────┘
 *     a question in answer to free text ──▶ More ──▶ the next field
 *
 * A step says what to speak and what then. Because everything is in the state, a conversation goes on at the
 * question that is open, on whatever pod.
 */

/**
 * The first step on a stream: the greeting of a new call, or the thread of one taken up again, after
 * the loss of a stream or with a caller whom a person did not take.
 */
export function openingStep(
  state: ConversationState,
  subject: CallSubject,
  after: 'Loss' | 'FailedTransfer' = 'Loss',
): Step {
  const talk = { state, subject };
  if (after === 'FailedTransfer') return resumeAfterTransfer(talk);
  if (state.phase === 'Greeting') return greet(talk);
  const isAsking = askedField(state, subject.workflow) !== undefined || awaited(state) !== 'Answer';
  if (state.phase === 'Collecting' && isAsking) return putQuestion(talk, phrasesOf(talk).resumed);
  return close(talk);
}

/** The caller is the agent's again: the form goes on, or a message is taken for the person. */
function resumeAfterTransfer(talk: Talk): Step {
  const { state, subject } = talk;
  const excuse = phrasesOf(talk).notReached;
  const isOpen = state.phase === 'Collecting' && openField(state, subject.workflow) !== undefined;
  return isOpen ? offerMessage(talk, excuse) : takeMessage(talk, excuse);
}

/** What follows the caller's turn. Silence does not use up an attempt: the session counts it. */
export function nextStep(state: ConversationState, subject: CallSubject, heard: Heard): Step {
  const talk = { state, subject };
  if (heard.kind === 'Words') return hearWords(talk, heard.text);
  if (heard.kind === 'Digits') return hearDigits(talk, heard.digits, heard.text);
  return heard.kind === 'Unclear' ? hearUnclear(talk) : hearSilence(talk);
}

/** A message ends by it. */
function hearSilence(talk: Talk): Step {
  const { state } = talk;
  if (awaited(state) === 'Message' && answerTo(state, MESSAGE)) return finishMessage(talk);
  return putQuestion(talk, phrasesOf(talk).silent);
}

/** The greeting, with the disclosure and the news that it is closed, then the first question. */
function greet({ state, subject }: Talk): Step {
  const { profile, workflow } = subject;
  const greeting = joined(greetingOf(profile), closedNotice(subject));
  const first = goOn({ subject, state: { ...state, workflow: workflow.name } });
  const text = joined(greeting, first.speech.text);
  // The disclosure must be heard; a closing has nothing to interrupt for.
  const isClosing = first.effect.kind !== 'Listen';
  return { ...first, speech: { text, protectedCharacters: isClosing ? text.length : greeting.length } };
}

function greetingOf({ assistant, recording }: Pick<TenantProfile, 'assistant' | 'recording'>): string {
  const { greeting, disclosure } = assistant;
  if (!disclosure.enabled) return greeting;
  return joined(greeting, disclosure.text, recording.enabled ? disclosure.recordingText : '');
}

/** What the tenant has callers told outside its hours. */
function closedNotice({ profile, nowMs }: CallSubject): string {
  const { businessHours, timeZone } = profile;
  if (!businessHours?.whenClosed || isOpen(businessHours, nowMs, timeZone)) return '';
  return businessHours.whenClosed.say ?? '';
}
