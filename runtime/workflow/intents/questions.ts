import type { Language } from '../language.ts';
import { plainText } from '../plain-text.ts';
import { patternsOf } from './intent-patterns.ts';

/** Whether it is a question and no answer to anything. */
export function isQuestion(spoken: string, language: Language): boolean {
  return patternsOf(language).question.test(plainText(spoken));
}

/** Whether it is put as a question, though it may hold an answer: "could we do Tuesday?". */
export function isRequest(spoken: string, language: Language): boolean {
  return patternsOf(language).request.test(plainText(spoken)) || spoken.trim().endsWith('?');
}

/** Whether a question is about when somebody is there. */
export function isHoursQuestion(spoken: string, language: Language): boolean {
  return patternsOf(language).hours.test(plainText(spoken));
}
