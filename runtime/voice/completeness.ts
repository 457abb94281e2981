import type { AnswerShare } from '#runtime/workflow/whole-answer.ts';
import type { Completeness } from './endpointing.ts';
import { isRoundedOff } from './rounded-off.ts';
import { TURN_WORDS } from './turn-words.ts';

/**
 * Whether the caller's words so far could be all of the answer to the question that was put. Recognisers put a full stop
 * behind anything; a question mark they put behind questions, which wait for an answer.
 *
 * @param answer Whether they are all of the answer to what was asked, as the workflow sees it.
 * @param language BCP 47.
 */
export function completenessOf(text: string, answer: AnswerShare, language: string): Completeness {
  const words = text
    .toLocaleLowerCase(language)
    .match(/[\p{L}\p{N}'’@.+-]+/gu)
    ?.map((word) => word.replace(/[.,!?]+$/, '').replaceAll('’', "'"));
  const last = words?.at(-1);
  if (!words || last === undefined) return 'Unknown';
  const known = TURN_WORDS[language.slice(0, 2).toLowerCase()];
  const all = words.join(' ');
  // Before its last word is looked at: "yes, it is" ends as "my name is" does.
  if (known?.whole.has(all)) return 'Whole';
  if (known?.open.has(last) || known?.opening.has(all) || HESITATIONS.test(last)) return 'Open';
  if (/[?？]\s*$/.test(text)) return 'Whole';
  if (answer === 'Part') return 'Open';
  // Who asks nicely for what was offered has said all of it.
  if (answer === 'Rounded' && known?.polite.some((end) => all.endsWith(` ${end}`))) return 'Whole';
  if (answer !== 'Unknown') return answer;
  return known?.sentences && isRoundedOff(words, known.sentences) ? 'Rounded' : 'Unknown';
}

const HESITATIONS = /^(?:u+h*m+|u+h+|e+r+m*|e+h+m*|h+m+)$/;
