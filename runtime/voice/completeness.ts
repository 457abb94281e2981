import type { Completeness } from './endpointing.ts';
import { TURN_WORDS } from './turn-words.ts';

/**
 * Whether the caller's words so far could be all of the answer to the question that was put. Recognisers put a full stop
 * behind anything; a question mark they put behind questions, which wait for an answer.
 *
 * @param answer Whether they are all of the answer to what was asked, as the workflow sees it.
 * @param language BCP 47.
 */
export function completenessOf(
  text: string,
  answer: 'Whole' | 'Part' | 'Unknown',
  language: string,
): Completeness {
  const words = text
    .toLocaleLowerCase(language)
    .match(/[\p{L}\p{N}'’@.+-]+/gu)
    ?.map((word) => word.replace(/[.,!?]+$/, ''));
  const last = words?.at(-1);
  if (!words || last === undefined) return 'Unknown';
  const known = TURN_WORDS[language.slice(0, 2).toLowerCase()];
  // Before its last word is looked at: "yes, it is" ends as "my name is" does.
  if (words.length <= MAX_SHORT_WORDS && known?.whole.has(words.join(' '))) return 'Whole';
  if (known?.open.has(last) || HESITATIONS.test(last)) return 'Open';
  if (words.length === 1 && known?.opening.has(last)) return 'Open';
  if (/[?？]\s*$/.test(text)) return 'Whole';
  if (answer === 'Unknown') return 'Unknown';
  return answer === 'Whole' ? 'Whole' : 'Open';
}

const MAX_SHORT_WORDS = 4;
const HESITATIONS = /^(?:u+h*m+|u+h+|e+r+m*|e+h+m*|h+m+)$/;
