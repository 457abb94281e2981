import type { WorkflowField } from '#crds/tenant/workflow.ts';
import { fieldAnswer } from './answers/field-answer.ts';
import { replyIn } from './answers/yes-no.ts';
import { awaited } from './awaiting.ts';
import { answerContext } from './call-subject.ts';
import { askedField } from './form.ts';
import type { Language } from './language.ts';
import { plainText } from './plain-text.ts';
import type { Talk } from './talk.ts';
import { wordsOf } from './words/language-words.ts';

/**
 * How much of the answer words are: all of it; all that is needed, though more is often said; a part of it that goes on;
 * or neither can be said.
 */
export type AnswerShare = 'Whole' | 'Rounded' | 'Part' | 'Unknown';

/** How much of the answer to what was asked the words are: by that the silence after them is judged. */
export function wholeAnswer(talk: Talk, text: string): AnswerShare {
  const { state, subject } = talk;
  const context = answerContext(subject, state);
  const awaiting = awaited(state);
  if (awaiting === 'Message') return 'Unknown';
  if (awaiting !== 'Answer') return isPlainReply(text, context.language) ? 'Whole' : 'Unknown';
  const field = askedField(state, subject.workflow);
  if (!field) return 'Unknown';
  if (field.type === 'Text') return isDone(text, context.language) ? 'Whole' : 'Unknown';
  const answer = fieldAnswer(field, text, context);
  if (answer?.kind === 'Digits') return 'Part';
  if (answer?.kind !== 'Value') return 'Unknown';
  return SHARES[field.type]?.({ value: answer.value, text, language: context.language }) ?? 'Whole';
}

interface Given {
  readonly value: string;
  readonly text: string;
  readonly language: Language;
}

/** Of answers that callers add to: a last name, to a choice "I think", to a day and a time another, or "if that is possible". */
const SHARES: Readonly<Partial<Record<WorkflowField['type'], (given: Given) => AnswerShare>>> = {
  Name: ({ value }) => (value.includes(' ') ? 'Whole' : 'Unknown'),
  Date: ({ text }) => (text.trim().includes(' ') ? 'Rounded' : 'Unknown'),
  Time: ({ value, text, language }) =>
    (namesHalfDay(text, language) || !value.endsWith(':00')) && !isRough(text, language)
      ? 'Rounded'
      : 'Unknown',
  Choice: () => 'Rounded',
};

/** "Ten" goes on "in the morning", or "thirty". */
function namesHalfDay(text: string, language: Language): boolean {
  const { morning, afternoon, noon } = wordsOf(language).times;
  const plain = plainText(text);
  return [morning, afternoon, noon].some((part) => part.test(plain));
}

/** "Around noon" goes on "if you can", or "but no later than one". */
function isRough(text: string, language: Language): boolean {
  return wordsOf(language).times.about.test(plainText(text));
}

/** Yes or no and nothing else, also said twice: "yes, that is right". */
function isPlainReply(text: string, language: Language): boolean {
  const first = replyIn(text, language);
  if (first.reply === undefined || first.rest === '') return first.reply !== undefined;
  const second = replyIn(first.rest, language);
  return second.reply === first.reply && second.rest === '';
}

/** "No, nothing else": there is no more to be said. */
function isDone(text: string, language: Language): boolean {
  return wordsOf(language).done.test(plainText(text));
}
