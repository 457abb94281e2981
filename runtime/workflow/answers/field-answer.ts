import type { WorkflowField } from '#crds/tenant/workflow.ts';
import { plainText } from '../plain-text.ts';
import { wordsOf } from '../words/language-words.ts';
import type { Answer, AnswerContext } from './answer-context.ts';
import { choiceIn } from './choice.ts';
import { dateIn } from './date.ts';
import { emailIn } from './email.ts';
import { nameIn } from './name.ts';
import { phoneIn } from './phone.ts';
import { timeIn } from './time.ts';

/**
 * What the caller's words answer to a field, normalised by its type: E.164, YYYY-MM-DD, HH:MM, one of the
 * choices. Undefined where they hold no usable answer and the question must be asked again. A value is at
 * most `MAX_VALUE_CHARACTERS` long.
 */
export function fieldAnswer(
  field: WorkflowField,
  spoken: string,
  context: AnswerContext,
): Answer | undefined {
  const words = spoken.trim().replace(/\s+/g, ' ').slice(0, MAX_VALUE_CHARACTERS);
  const meaning = plainText(words).replace(wordsOf(context.language).fillers, '');
  if (!/[a-z0-9]/.test(meaning) && !NOT_LATIN.test(words)) return undefined;
  return ANSWERS[field.type](words, field, context);
}

export const MAX_VALUE_CHARACTERS = 2_000;
const NOT_LATIN = /[^\p{Script=Latin}\P{L}]/u;

type Reader = (words: string, field: WorkflowField, context: AnswerContext) => Answer | undefined;

const ANSWERS: Readonly<Record<WorkflowField['type'], Reader>> = {
  Name: (words, _field, { language }) => asValue(nameIn(words, language)),
  Phone: (words, _field, context) => phoneIn(words, context),
  Email: (words, _field, { language }) => asValue(emailIn(words, language)),
  Date: (words, _field, context) => asValue(dateIn(words, context)),
  Time: (words, _field, { language }) => asValue(timeIn(words, language)),
  Choice: (words, { choices = [] }, { language }) => asValue(choiceIn(words, choices, language)),
  Text: asValue,
};

function asValue(value: string | undefined): Answer | undefined {
  return value === undefined ? undefined : { kind: 'Value', value };
}
