import type { Language } from '../language.ts';
import { GERMAN } from './de.ts';
import { ENGLISH } from './en.ts';
import { SPANISH } from './es.ts';
import { FRENCH } from './fr.ts';

/** What a language's words mean in answers. Patterns are matched against plain text (`plainText`). */
export interface LanguageWords {
  readonly numbers: NumberWords;
  /** Sounds and words without meaning at the beginning of an answer. */
  readonly fillers: RegExp;
  /** At the beginning of the reply to a question that is answered by yes or no. */
  readonly yes: RegExp;
  readonly no: RegExp;
  /** Nothing more is to be said. */
  readonly done: RegExp;
  readonly name: {
    /** Said before the name; removed over and over. */
    readonly leadIn: RegExp;
    /** What callers go on with after their name, with the rest. */
    readonly after: RegExp;
    /** Parts of names that are written small, as they are said. */
    readonly particles: ReadonlySet<string>;
    /** Words that no name begins with: who begins so has not said one. */
    readonly notAName: RegExp;
  };
  readonly email: {
    readonly leadIn: RegExp;
    readonly at: RegExp;
    readonly dot: RegExp;
    readonly underscore: RegExp;
    readonly dash: RegExp;
    readonly plus: RegExp;
    /** "J as in John", "all in lower case": no part of the address. */
    readonly spelling: RegExp;
    readonly noise: RegExp;
    /** How the marks are spoken: at, dot, underscore, dash, plus. */
    readonly spoken: Readonly<Record<'@' | '.' | '_' | '-' | '+', string>>;
  };
  /** "This number", "the one I am calling from". */
  readonly ownNumber: RegExp;
  readonly plus: RegExp;
  readonly dates: {
    /** Days from today, the longest wording first. */
    readonly relative: readonly (readonly [RegExp, number])[];
    /** "In two weeks": groups `n` and `unit`, the unit by its first letter in `units`. */
    readonly later: RegExp;
    readonly units: Readonly<Record<string, 'days' | 'weeks' | 'months'>>;
    readonly next: RegExp;
    /** A day of the month alone, as group `d`: "the 5th". */
    readonly dayAlone: RegExp;
    /** Between a day and its month, and the other way round. */
    readonly of: string;
  };
  readonly times: {
    /** That a time is no more than roughly meant. */
    readonly about: RegExp;
    readonly noon: RegExp;
    readonly midnight: RegExp;
    readonly morning: RegExp;
    readonly afternoon: RegExp;
    /** With groups `h`, `m` (minutes) or `back` (minutes before it), and minutes to add. */
    readonly patterns: readonly (readonly [RegExp, number])[];
  };
}

export interface NumberWords {
  /** 0 to 99, as words parted by one space. */
  readonly cardinals: ReadonlyMap<string, number>;
  /** 1 to 31. */
  readonly ordinals: ReadonlyMap<string, number>;
  /** How each digit is read out. */
  readonly digits: readonly string[];
  /** The digits that these words add after a number, and their factor. */
  readonly hundred: ReadonlySet<string>;
  readonly thousand: ReadonlySet<string>;
  /** "Double five". */
  readonly repeats: ReadonlyMap<string, number>;
  /** What recognisers write for a digit; a digit only between others. */
  readonly homophones: ReadonlyMap<string, string>;
}

const WORDS: Readonly<Record<Language, LanguageWords>> = {
  en: ENGLISH,
  es: SPANISH,
  fr: FRENCH,
  de: GERMAN,
};

export function wordsOf(language: Language): LanguageWords {
  return WORDS[language];
}
