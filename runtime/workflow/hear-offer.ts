import { replyIn } from './answers/yes-no.ts';
import { aside } from './aside.ts';
import { askAgain, declined, goOn, putQuestion } from './asking.ts';
import { answerContext } from './call-subject.ts';
import { finishMessage, MESSAGE, takeMessage } from './closing.ts';
import { answerTo, askedField, withMore } from './form.ts';
import { isQuestion, isRequest } from './intents/questions.ts';
import { answerQuestion } from './knowledge/answer-question.ts';
import { plainText } from './plain-text.ts';
import { interruptible, phrasesOf, type Step, type Talk } from './talk.ts';
import { wordsOf } from './words/language-words.ts';

/** A message of some minutes. */
const MAX_MESSAGE_CHARACTERS = 4_000;

/** Whether the caller leaves a message; a no goes back to the form, or ends the call where it is done. */
export function hearOffer(talk: Talk, text: string): Step {
  const { subject, state } = talk;
  const { reply } = replyIn(text, answerContext(subject, state).language);
  if (reply === 'Yes') return takeMessage(talk);
  return reply === 'No' ? declined(talk) : askAgain(talk);
}

/** What a caller adds to a question that was answered. */
export function hearMore(talk: Talk, text: string): Step {
  const { subject, state } = talk;
  const context = answerContext(subject, state);
  const field = askedField(state, subject.workflow);
  if (!field) return goOn(talk);
  const { reply, rest } = replyIn(text, context.language);
  const isDone = wordsOf(context.language).done.test(plainText(text));
  if (isDone || (reply === 'No' && rest === '')) return goOn(talk);
  if (reply === 'Yes' && rest === '')
    return aside(talk, (counted) => ({ ...putQuestion(counted), speech: interruptible(field.prompt) }));
  const more = { subject, state: withMore(state, field, text) };
  const asks = isQuestion(text, context.language) || isRequest(text, context.language);
  const known = asks ? answerQuestion(text, subject.profile, context) : undefined;
  return known === undefined ? goOn(more) : aside(more, (counted) => putQuestion(counted, known));
}

/** A part of the message, or its end. Nothing is said in between. */
export function hearMessage(talk: Talk, text: string): Step {
  const { subject, state } = talk;
  const { done } = wordsOf(answerContext(subject, state).language);
  const taken = answerTo(state, MESSAGE);
  if (done.test(plainText(text)) && taken) return finishMessage(talk);
  const label = taken?.label ?? phrasesOf(talk).messageLabel;
  const more = text === '' ? state : withMore(state, { name: MESSAGE, label }, text);
  const next = { subject, state: { ...more, attempts: more.attempts + 1 } };
  const isFull = (answerTo(more, MESSAGE)?.value.length ?? 0) >= MAX_MESSAGE_CHARACTERS;
  if (isFull || next.state.attempts >= MAX_MESSAGE_PARTS) return finishMessage(next);
  return { speech: interruptible(''), state: next.state, effect: { kind: 'Listen', for: 'Message' } };
}

const MAX_MESSAGE_PARTS = 60;
