import { type Language, languageOf } from '../language.ts';
import { GERMAN } from './de.ts';
import { ENGLISH } from './en.ts';
import { SPANISH } from './es.ts';
import { FRENCH } from './fr.ts';

/** Our own sentences, beside what the tenant words itself. `{…}` is filled in by `filled`. */
export interface Phrases {
  /** After the loss of a stream. */
  readonly resumed: string;
  /** A person did not take the call. */
  readonly notReached: string;
  readonly silent: string;
  readonly unusable: string;
  readonly hearingFailed: string;
  readonly silentGoodbye: string;
  readonly failedGoodbye: string;
  readonly longGoodbye: string;
  /** {value}: an answer, worded for the ear. */
  readonly readBack: string;
  /** The answer that was read back is wrong, or a later word says so. */
  readonly sorry: string;
  readonly corrected: string;
  /** {value}: the digits so far. */
  readonly moreDigits: string;
  /** The caller means the number that the call comes from, which is withheld. */
  readonly numberHidden: string;
  /** {value}: the choices, joined. */
  readonly choices: string;
  readonly nobodyThere: string;
  readonly offerMessage: string;
  readonly takeMessage: string;
  readonly messageTaken: string;
  readonly messageLabel: string;
  readonly connecting: string;
  /** {target}: who is asked whether they take the call. */
  readonly askingPerson: string;
  /** Said to a caller who waits for that person's word; {target}. */
  readonly stillAsking: readonly string[];
  /** What that person hears; {company}. */
  readonly callerForYou: string;
  /** {number}: the caller's, digit by digit. */
  readonly callsFrom: string;
  /** {accept}, {decline}: keys. */
  readonly takeTheCall: string;
  /** {number}: of the emergency services, digit by digit. */
  readonly emergency: string;
  readonly emergencyConnecting: string;
  /** The tenant has no workflow. */
  readonly nobodyAnswers: string;
  readonly goodbye: string;
  readonly takeYourTime: string;
  readonly robot: string;
  readonly questionKept: string;
  readonly questionLabel: string;
  readonly anythingElse: string;
  readonly openNow: string;
  readonly closedNow: string;
  readonly alwaysOpen: string;
  /** {day}, {time}. */
  readonly opensAgain: string;
  /** {hours}: stretches, joined. */
  readonly openingHours: string;
  /** {days}, {opens}, {closes}. */
  readonly stretch: string;
  /** {from}, {to}: days of the week. */
  readonly days: string;
  /** {day}, {hours}. */
  readonly openOn: string;
  /** {day}. */
  readonly closedOn: string;
  /** Said while something takes its time. */
  readonly fillers: readonly string[];
}

const PHRASES: Readonly<Record<Language, Phrases>> = {
  en: ENGLISH,
  es: SPANISH,
  fr: FRENCH,
  de: GERMAN,
};

/** The sentences for a tenant's language, a BCP 47 tag. */
export function phrasesFor(tag: string): Phrases {
  return PHRASES[languageOf(tag)];
}

/** The phrase with what its names in braces stand for. */
export function filled(phrase: string, values: Readonly<Record<string, string>>): string {
  return phrase.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
