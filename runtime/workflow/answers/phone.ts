import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js';
import type { Language } from '../language.ts';
import { plainText } from '../plain-text.ts';
import { wordsOf } from '../words/language-words.ts';
import type { Answer, AnswerContext } from './answer-context.ts';
import { digitsIn } from './spoken-numbers.ts';

/** 7 is the shortest number that can be called without an area code, 15 the longest that E.164 allows. */
const DIGITS = { min: 7, max: 15 };
/** Fewer are no part of a number, but an age or an hour. */
const MIN_PART_DIGITS = 3;
/** The last digit of a number, "and a four". */
const MAX_WORDS_AROUND_DIGIT = 2;

/**
 * A number in E.164. Numbers come in parts, with pauses between them: what is not a whole number yet is put
 * together with the digits before. Digits that nobody can call are taken once they are said again.
 */
export function phoneIn(words: string, context: AnswerContext): Answer | undefined {
  const { language, country, callerNumber, earlierDigits = '' } = context;
  const plain = plainText(words);
  const digits = digitsIn(words, language);
  if (digits.length < MIN_PART_DIGITS && wordsOf(language).ownNumber.test(plain)) {
    return callerNumber === undefined ? { kind: 'NumberHidden' } : { kind: 'Value', value: callerNumber };
  }
  if (digits.length === 0 || digits.length > DIGITS.max) return undefined;
  // "I want an appointment": in many languages the article is a number.
  if (digits.length === 1 && plain.split(' ').length > MAX_WORDS_AROUND_DIGIT) return undefined;
  const international = isInternational(words, language);
  const candidates = [
    [digits, international],
    [earlierDigits + digits, false],
    [digits + earlierDigits, false],
  ] as const;
  for (const [candidate, isInternationalOne] of candidates) {
    const number = callable(candidate, isInternationalOne, country);
    if (number !== undefined) return { kind: 'Value', value: number };
  }
  return partOf(digits, earlierDigits);
}

/** A whole number among other words, such as those of another answer. */
export function wholeNumberIn(words: string, context: AnswerContext): string | undefined {
  const digits = digitsIn(words, context.language);
  return callable(digits, isInternational(words, context.language), context.country);
}

/** The number that a call comes from, in E.164; undefined where it is withheld, malformed or cannot be called. */
export function callableNumber(from: string, country: CountryCode | undefined): string | undefined {
  const user = /^(?:sips?:)?(\+?\d{7,15})(?:@.*)?$/i.exec(from.trim())?.[1];
  if (user === undefined) return undefined;
  return callable(user.replace('+', ''), user.startsWith('+'), country);
}

function partOf(digits: string, earlier: string): Answer | undefined {
  const isRepeated = digits.length >= DIGITS.min && digits === earlier;
  if (isRepeated) return { kind: 'Value', value: digits };
  const together =
    earlier !== digits && earlier.length + digits.length <= DIGITS.max ? earlier + digits : digits;
  return together.length < MIN_PART_DIGITS ? undefined : { kind: 'Digits', digits: together };
}

function isInternational(words: string, language: Language): boolean {
  const plain = plainText(words);
  const before = plain.split(/\d/)[0] ?? '';
  if (/\+\s*\d/.test(plain) || /\+/.test(before)) return true;
  const firstNumber = firstNumberWord(plain, language);
  return wordsOf(language).plus.test(plain.slice(0, firstNumber).trim());
}

/** Where the first digit or number word begins. */
function firstNumberWord(plain: string, language: Language): number {
  const { cardinals } = wordsOf(language).numbers;
  for (const match of plain.matchAll(/[a-z']+|\d+/g)) {
    if (/\d/.test(match[0]) || cardinals.has(match[0])) return match.index;
  }
  return plain.length;
}

function callable(
  digits: string,
  isInternationalOne: boolean,
  country: CountryCode | undefined,
): string | undefined {
  if (digits.length < DIGITS.min || digits.length > DIGITS.max) return undefined;
  const local = isInternationalOne ? undefined : parsePhoneNumberFromString(digits, country ?? {});
  const number = local?.isValid() ? local : parsePhoneNumberFromString(`+${digits}`);
  return number?.isValid() ? number.number : undefined;
}
