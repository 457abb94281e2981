import type { CountryCode } from 'libphonenumber-js';
import type { Language } from '../language.ts';

/** What an answer is understood by, beside its words. */
export interface AnswerContext {
  readonly language: Language;
  /** The tenant's BCP 47 tag: how dates and times are written and spoken. */
  readonly locale: string;
  readonly timeZone: string;
  readonly nowMs: number;
  /** Whose numbers are given without a country code. */
  readonly country: CountryCode | undefined;
  /** The caller's own number in E.164, where it was told and can be called. */
  readonly callerNumber: string | undefined;
  /** Digits of a phone number that were given before and were not all of it. */
  readonly earlierDigits: string | undefined;
}

/** An answer that was understood, or digits that are not a whole number yet. */
export type Answer =
  | { readonly kind: 'Value'; readonly value: string }
  | { readonly kind: 'Digits'; readonly digits: string }
  | { readonly kind: 'NumberHidden' };

/** What was understood whole. */
export function valueOf(answer: Answer | undefined): string | undefined {
  return answer?.kind === 'Value' ? answer.value : undefined;
}
