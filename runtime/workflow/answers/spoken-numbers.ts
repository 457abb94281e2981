import type { Language } from '../language.ts';
import { plainText, withoutAccents } from '../plain-text.ts';
import { type NumberWords, wordsOf } from '../words/language-words.ts';

/**
 * Digits as people say them: "five five five, oh one double two", "twenty five", "eight hundred",
 * "quatre-vingt-dix-sept". Recognisers write some digits as their homophones ("for", "to", "ate"); those
 * count only between other digits. Words that are no number are passed over.
 */
export function digitsIn(spoken: string, language: Language): string {
  const { numbers } = wordsOf(language);
  const tokens = tokensOf(spoken);
  const readings = readingsOf(tokens, numbers);
  let digits = '';
  readings.forEach((reading, index) => {
    digits += reading.digits ?? homophoneAt(readings, index, numbers) ?? '';
  });
  return digits;
}

/**
 * Text without accents in which number words are numbers: "the twenty third of may" → "the 23 of may". A letter
 * alone stays one, as in what is spelled.
 */
export function withNumbers(spoken: string, language: Language): string {
  const { numbers } = wordsOf(language);
  const words = withoutAccents(spoken)
    .replace(/[,;!?]/g, ' ')
    .replace(/(?<=[a-z])-(?=[a-z])/g, ' ');
  const tokens = words.split(/\s+/).filter((token) => token !== '');
  const written: string[] = [];
  for (let at = 0; at < tokens.length; ) {
    const isLetter = tokens[at]?.length === 1;
    const found = isLetter
      ? undefined
      : (longestAt(tokens, at, numbers.ordinals) ?? longestAt(tokens, at, numbers.cardinals));
    written.push(found ? String(found.value) : (tokens[at] ?? ''));
    at += found?.length ?? 1;
  }
  return joinedThousands(written, numbers.thousand).join(' ');
}

/** A digit or a number as it is read out, digit by digit, with a breath after each group. */
export function spokenDigits(groups: readonly string[], language: Language): string {
  const { digits } = wordsOf(language).numbers;
  return groups
    .map((group) =>
      group
        .split('')
        .map((digit) => digits[Number(digit)] ?? digit)
        .join(' '),
    )
    .join(', ');
}

interface Reading {
  readonly word: string;
  readonly digits?: string;
}

/** More would be a sentence: "ein und zwanzig", "quatre vingt dix sept". */
const MAX_NUMBER_WORDS = 4;

function tokensOf(spoken: string): string[] {
  return plainText(spoken).match(/[a-z']+|\d+/g) ?? [];
}

function readingsOf(tokens: readonly string[], numbers: NumberWords): Reading[] {
  const readings: Reading[] = [];
  for (let at = 0; at < tokens.length; ) {
    const word = tokens[at] ?? '';
    const repeat = repeatAt(tokens, at, numbers);
    const found = repeat ?? numberAt(tokens, at, numbers);
    readings.push(found ? { word, digits: found.digits } : { word });
    at += found?.length ?? 1;
  }
  return readings;
}

/** "Double five". */
function repeatAt(tokens: readonly string[], at: number, numbers: NumberWords) {
  const times = numbers.repeats.get(tokens[at] ?? '');
  const next = tokens[at + 1] ?? '';
  const digit = /^\d$/.test(next) ? Number(next) : numbers.cardinals.get(next);
  if (times === undefined || digit === undefined || digit > 9) return undefined;
  return { digits: String(digit).repeat(times), length: 2 };
}

function numberAt(tokens: readonly string[], at: number, numbers: NumberWords) {
  const token = tokens[at] ?? '';
  const found = /^\d+$/.test(token)
    ? { digits: token, length: 1 }
    : spokenAs(longestAt(tokens, at, numbers.cardinals));
  if (!found) return undefined;
  const next = tokens[at + found.length] ?? '';
  const zeros = numbers.hundred.has(next) ? '00' : numbers.thousand.has(next) ? '000' : '';
  return { digits: found.digits + zeros, length: found.length + (zeros === '' ? 0 : 1) };
}

function spokenAs(found: { value: number; length: number } | undefined) {
  return found && { digits: String(found.value), length: found.length };
}

function longestAt(tokens: readonly string[], at: number, numbers: ReadonlyMap<string, number>) {
  for (let length = MAX_NUMBER_WORDS; length > 0; length--) {
    const value = numbers.get(tokens.slice(at, at + length).join(' '));
    if (value !== undefined && at + length <= tokens.length) return { value, length };
  }
  return undefined;
}

function homophoneAt(readings: readonly Reading[], at: number, numbers: NumberWords): string | undefined {
  const isDigit = (index: number) => {
    const reading = readings[index];
    return reading?.digits !== undefined || numbers.homophones.has(reading?.word ?? '');
  };
  return isDigit(at - 1) && isDigit(at + 1) ? numbers.homophones.get(readings[at]?.word ?? '') : undefined;
}

/** "2 thousand 27" → "2027". */
function joinedThousands(words: readonly string[], thousand: ReadonlySet<string>): string[] {
  const joined: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const [word = '', next = '', after = ''] = words.slice(at, at + 3);
    const isThousands = /^\d{1,2}$/.test(word) && thousand.has(next);
    const rest = isThousands && /^\d{1,3}$/.test(after) ? Number(after) : 0;
    joined.push(isThousands ? String(Number(word) * 1_000 + rest) : word);
    if (isThousands) at += rest > 0 ? 2 : 1;
  }
  return joined;
}
