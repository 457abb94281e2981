import type { WorkflowField } from '#crds/tenant/workflow.ts';
import type { Language } from '../language.ts';
import { GERMAN } from './de.ts';
import { ENGLISH } from './en.ts';
import { SPANISH } from './es.ts';
import { FRENCH } from './fr.ts';

/** How a language says what always works, and asks. Patterns are matched against plain text (`plainText`). */
export interface IntentPatterns {
  /** Somebody is in danger of life. */
  readonly danger: readonly RegExp[];
  /** Words that sound like danger and are none; taken out first. Global. */
  readonly harmless: RegExp;
  /** What is told of is over, or is paperwork; unless it is `acute`. */
  readonly distant: RegExp;
  readonly acute: RegExp;
  /** Greetings of answering machines, menus, waiting lines. */
  readonly machine: readonly RegExp[];
  /** The same, unless somebody speaks of themselves. */
  readonly machineUnless: readonly [patterns: readonly RegExp[], unless: RegExp];
  readonly person: readonly RegExp[];
  readonly personUnless: RegExp;
  readonly robot: readonly RegExp[];
  /** These are the whole of what was said, apart from politeness. */
  readonly goodbye: RegExp;
  readonly repeat: RegExp;
  readonly wait: RegExp;
  /** At the beginning: a question that is no answer to anything. */
  readonly question: RegExp;
  /** At the beginning: a question that may hold an answer, such as "could we do Tuesday?". */
  readonly request: RegExp;
  readonly hours: RegExp;
  readonly correction: {
    /** At the beginning. */
    readonly marker: RegExp;
    readonly wrong: RegExp;
    readonly fields: Readonly<Partial<Record<WorkflowField['type'], RegExp>>>;
  };
}

const PATTERNS: Readonly<Record<Language, IntentPatterns>> = {
  en: ENGLISH,
  es: SPANISH,
  fr: FRENCH,
  de: GERMAN,
};

export function patternsOf(language: Language): IntentPatterns {
  return PATTERNS[language];
}
