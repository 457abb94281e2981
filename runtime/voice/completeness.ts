import type { Completeness } from './endpointing.ts';

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
  const words = text.toLocaleLowerCase(language).match(/[\p{L}\p{N}'’@.+-]+/gu) ?? [];
  const last = words.at(-1)?.replace(/[.,!?]+$/, '');
  if (last === undefined) return 'Unknown';
  const known = WORDS[language.slice(0, 2).toLowerCase()];
  if (known?.open.has(last) || HESITATIONS.test(last)) return 'Open';
  if (/[?？]\s*$/.test(text)) return 'Whole';
  if (answer !== 'Unknown') return answer === 'Whole' ? 'Whole' : 'Open';
  if (words.length <= MAX_SHORT_WORDS && known?.whole.has(words.join(' ').replace(/[.,!?]+/g, '')))
    return 'Whole';
  return 'Unknown';
}

const MAX_SHORT_WORDS = 3;
const HESITATIONS = /^(?:u+h*m+|u+h+|e+r+m*|e+h+m*|h+m+)$/;

interface Words {
  /** After which a sentence goes on. */
  readonly open: ReadonlySet<string>;
  /** Answers that stand alone. */
  readonly whole: ReadonlySet<string>;
}

const WORDS: Readonly<Record<string, Words>> = {
  en: {
    open: new Set([
      'and',
      'or',
      'but',
      'so',
      'because',
      'with',
      'to',
      'for',
      'of',
      'the',
      'a',
      'an',
      'my',
      'is',
      "it's",
      'i',
      "i'm",
      'at',
      'dot',
      'in',
      'on',
      'like',
      'that',
      'if',
      'about',
      'your',
    ]),
    whole: new Set([
      'yes',
      'no',
      'yeah',
      'nope',
      'yes please',
      'no thanks',
      'no thank you',
      'correct',
      "that's right",
      "that's correct",
      "that's all",
      "that's it",
      'goodbye',
      'bye',
    ]),
  },
  es: {
    open: new Set([
      'y',
      'o',
      'pero',
      'porque',
      'con',
      'para',
      'de',
      'del',
      'el',
      'la',
      'los',
      'las',
      'un',
      'una',
      'mi',
      'es',
      'a',
      'en',
      'que',
      'si',
      'punto',
      'arroba',
      'por',
    ]),
    whole: new Set([
      'sí',
      'si',
      'no',
      'sí por favor',
      'no gracias',
      'correcto',
      'eso es',
      'eso es todo',
      'adiós',
    ]),
  },
  fr: {
    open: new Set([
      'et',
      'ou',
      'mais',
      'parce',
      'avec',
      'pour',
      'de',
      'du',
      'le',
      'la',
      'les',
      'un',
      'une',
      'mon',
      'ma',
      'est',
      "c'est",
      'à',
      'en',
      'que',
      'si',
      'point',
      'arobase',
      'je',
    ]),
    whole: new Set([
      'oui',
      'non',
      'oui merci',
      'non merci',
      "c'est ça",
      "c'est correct",
      "c'est tout",
      'au revoir',
    ]),
  },
  de: {
    open: new Set([
      'und',
      'oder',
      'aber',
      'weil',
      'mit',
      'für',
      'von',
      'der',
      'die',
      'das',
      'ein',
      'eine',
      'mein',
      'meine',
      'ist',
      'zu',
      'an',
      'in',
      'am',
      'dass',
      'wenn',
      'punkt',
      'ich',
    ]),
    whole: new Set([
      'ja',
      'nein',
      'ja bitte',
      'nein danke',
      'richtig',
      'stimmt',
      'genau',
      'das ist alles',
      'das war alles',
      'auf wiederhören',
      'tschüss',
    ]),
  },
};
