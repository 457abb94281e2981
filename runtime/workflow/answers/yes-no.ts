import type { Language } from '../language.ts';
import { plainText } from '../plain-text.ts';
import { wordsOf } from '../words/language-words.ts';

export interface Reply {
  /** Undefined where it is neither. */
  readonly reply: 'Yes' | 'No' | undefined;
  /** What was said besides. */
  readonly rest: string;
}

/** The reply to a question that is answered by yes or no. "No, that's right" is a yes. */
export function replyIn(spoken: string, language: Language): Reply {
  const { yes, no, fillers } = wordsOf(language);
  const text = spoken.trim();
  const plain = plainText(text).replace(fillers, '');
  const rest = (pattern: RegExp) => remainderOf(plain.replace(pattern, ''), text);
  if (no.test(plain)) {
    const after = plain.replace(no, '').trim();
    if (yes.test(after) && !no.test(after))
      return { reply: 'Yes', rest: remainderOf(after.replace(yes, ''), text) };
    return { reply: 'No', rest: rest(no) };
  }
  if (yes.test(plain)) return { reply: 'Yes', rest: rest(yes) };
  return { reply: undefined, rest: text };
}

/** As it was said, so that an address keeps its marks: as many words as are left, from the end. */
function remainderOf(plain: string, spoken: string): string {
  const left = plain
    .trim()
    .split(' ')
    .filter((word) => word !== '').length;
  const words = spoken.split(/\s+/);
  return left === 0 ? '' : words.slice(Math.max(0, words.length - left)).join(' ');
}
