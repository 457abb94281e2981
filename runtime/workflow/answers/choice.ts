import { distance } from 'fastest-levenshtein';
import type { Language } from '../language.ts';
import { plainText } from '../plain-text.ts';
import { withNumbers } from './spoken-numbers.ts';

/**
 * The one choice that was named, also with a word misheard ("tech suport"), in part ("the tech one") or by
 * its number; none or several is no answer.
 */
export function choiceIn(words: string, choices: readonly string[], language: Language): string | undefined {
  const said = plainText(words).split(' ');
  const whole = choices.filter((choice) => tokensOf(choice).every((word) => holds(said, word)));
  if (whole.length > 0) return longestAlone(whole);
  const partly = choices.filter((choice) => ownWords(choice, choices).some((word) => holds(said, word)));
  if (partly.length > 0) return partly.length === 1 ? partly[0] : undefined;
  return byNumber(words, choices, language);
}

/** The choice of a key that was pressed. */
export function choiceOfKey(key: string, choices: readonly string[]): string | undefined {
  return /^\d$/.test(key) ? choices[Number(key) - 1] : undefined;
}

function tokensOf(choice: string): string[] {
  return plainText(choice).split(' ');
}

/** "Tech Support" holds "Support" too, where both may be chosen. */
function longestAlone(found: readonly string[]): string | undefined {
  const [longest = '', ...others] = found.toSorted((a, b) => b.length - a.length);
  const within = new Set(tokensOf(longest));
  return others.every((other) => tokensOf(other).every((word) => within.has(word))) ? longest : undefined;
}

/** Words by which a choice differs from all others. */
function ownWords(choice: string, choices: readonly string[]): string[] {
  const others = new Set(choices.filter((other) => other !== choice).flatMap(tokensOf));
  return tokensOf(choice).filter((word) => word.length >= MIN_WORD && !others.has(word));
}

const MIN_WORD = 3;

function holds(said: readonly string[], word: string): boolean {
  return said.some((heard) => heard === word || distance(heard, word) <= allowedMistakes(word));
}

function allowedMistakes({ length }: string): number {
  if (length >= 8) return 2;
  return length >= 5 ? 1 : 0;
}

function byNumber(words: string, choices: readonly string[], language: Language): string | undefined {
  const numbered = withNumbers(words, language).match(/\d+/g) ?? [];
  // "The second one" has two numbers, to whoever counts words.
  const [first = '', second = '1', ...more] = numbered;
  return second === '1' && more.length === 0 ? choiceOfKey(first, choices) : undefined;
}
