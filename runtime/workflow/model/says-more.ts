import { withNumbers } from '../answers/spoken-numbers.ts';
import { isQuestion, isRequest } from '../intents/questions.ts';
import type { Language } from '../language.ts';
import { plainText } from '../plain-text.ts';

/**
 * Whether the caller said more than what was saved of it, so that somebody has to reply to the rest: a question anywhere
 * in it, or many words. In doubt it is more: that costs time, and no answer.
 *
 * @param saved The answers, in the caller's words.
 */
export function saysMore(spoken: string, saved: readonly string[], language: Language): boolean {
  const words = plainText(spoken).split(' ');
  const asks = (text: string) => isQuestion(text, language) || isRequest(text, language);
  if (spoken.includes('?') || words.some((_, at) => asks(words.slice(at).join(' ')))) return true;
  const kept = new Set(saved.flatMap((answer) => lettersIn(answer, language)));
  return lettersIn(spoken, language).filter((word) => !kept.has(word)).length > MAX_WORDS_AROUND;
}

/** "You can reach me at", "yes, that is right". */
const MAX_WORDS_AROUND = 6;

/** Its words but for numbers, which are said in one way and written in another. */
function lettersIn(text: string, language: Language): string[] {
  return plainText(withNumbers(text, language))
    .split(' ')
    .filter((word) => /\p{L}/u.test(word));
}
