/**
 * Whether words said into the agent's sentence only show that the caller is there ("uh-huh", "okay", "hello"): they ask
 * for no answer, and the agent speaks on. Other languages than these take every word for an interruption.
 *
 * @param language BCP 47, such as en-GB.
 */
export function isBackChannel(text: string, language: string): boolean {
  const words = text
    .toLocaleLowerCase(language)
    .split(/[^\p{L}\p{N}'’-]+/u)
    .filter((word) => word !== '');
  const known = BACK_CHANNELS[language.slice(0, 2).toLowerCase()];
  return words.length <= MAX_WORDS && words.every((word) => HUMS.test(word) || known?.has(word));
}

/** Longer runs of them are said by somebody who wants to be heard. */
const MAX_WORDS = 3;
/** The same in all languages, however the recogniser writes it. */
const HUMS = /^(?:m+|h+m+|u+h+m*|a+h+|o+h+|e+h+m*|m+-?h+m+|u+h+-?h+u+h*|a+h+a+)$/;

const BACK_CHANNELS: Readonly<Record<string, ReadonlySet<string>>> = {
  en: new Set([
    'hello',
    'hi',
    'yeah',
    'yep',
    'yup',
    'yes',
    'ok',
    'okay',
    'right',
    'sure',
    'alright',
    'all',
    'i',
    'see',
    'good',
    'great',
    'fine',
    'cool',
    'got',
    'it',
  ]),
  es: new Set(['hola', 'sí', 'si', 'ya', 'vale', 'ok', 'claro', 'bueno', 'bien', 'ajá', 'entiendo']),
  fr: new Set(['allô', 'bonjour', 'oui', 'ouais', 'ok', 'okay', "d'accord", 'bien', 'voilà', 'entendu']),
  de: new Set([
    'hallo',
    'ja',
    'jaja',
    'ok',
    'okay',
    'gut',
    'genau',
    'klar',
    'aha',
    'richtig',
    'verstehe',
    'ich',
  ]),
};
