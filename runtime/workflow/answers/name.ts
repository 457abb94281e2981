import type { Language } from '../language.ts';
import { plainText } from '../plain-text.ts';
import { wordsOf } from '../words/language-words.ts';

const MEANINGFUL = /\p{L}/u;
const MAX_NAME_WORDS = 6;

/** The caller's name without the sentence around it, capitalised where it was heard in small letters. */
export function nameIn(words: string, language: Language): string | undefined {
  const { name } = wordsOf(language);
  const rest = withoutLeadIn(words, language);
  const said = rest.replace(name.after, '').trim();
  if (!MEANINGFUL.test(said) || name.notAName.test(plainText(said))) return undefined;
  const parts = said.split(' ');
  const spelled = parts.length > 2 && parts.every((part) => /^\p{L}\.?$/u.test(part));
  const whole = spelled
    ? [
        parts
          .map((part) => part[0])
          .join('')
          .toLowerCase(),
      ]
    : parts;
  return whole
    .slice(0, MAX_NAME_WORDS)
    .map((part, index) => (index > 0 && name.particles.has(part) ? part : capitalised(part)))
    .join(' ');
}

/** Whether the words say that a name follows: "my name is …". */
export function introducesName(words: string, language: Language): boolean {
  const { leadIn } = wordsOf(language).name;
  const rest = withoutLeadIn(words, language);
  return rest.length < words.length && leadIn.test(words) && INTRODUCTION[language].test(plainText(words));
}

/** "It's me", "I am calling" introduce nobody; these do. */
const INTRODUCTION: Readonly<Record<Language, RegExp>> = {
  en: /\b(?:name(?:'s| is)|this is)\b/,
  es: /\b(?:me llamo|mi nombre)\b/,
  fr: /\b(?:je m'appelle|mon nom)\b/,
  de: /\b(?:mein name|ich heisse)\b/,
};

function withoutLeadIn(words: string, language: Language): string {
  const { leadIn } = wordsOf(language).name;
  let rest = words.trim();
  for (let before = ''; before !== rest; ) {
    before = rest;
    rest = rest.replace(leadIn, '');
  }
  return rest;
}

/** "o'neil" → "O'Neil", "smith-jones" → "Smith-Jones"; capitals inside a word are kept. */
function capitalised(word: string): string {
  return word.replace(/(^|[-'’])(\p{L})/gu, (match, before: string, letter: string, at: number) =>
    before !== '' && at + match.length === word.length ? match : before + letter.toUpperCase(),
  );
}
