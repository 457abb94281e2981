import { type CountryCode, getCountries } from 'libphonenumber-js';
import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Workflow } from '#crds/tenant/workflow.ts';
import type { ConversationState } from '#runtime/call/conversation-state.ts';
import { numberCountry } from '#runtime/call/may-dial.ts';
import type { AnswerContext } from './answers/answer-context.ts';
import { callableNumber } from './answers/phone.ts';
import { languageOf } from './language.ts';

/** Whose call it is, and what is known of it: all that a step is made from, beside the state. */
export interface CallSubject {
  readonly profile: TenantProfile;
  readonly workflow: Workflow;
  readonly nowMs: number;
  /** As the carrier gave them: the caller's may be anonymous, a SIP address or malformed. */
  readonly callerNumber: string;
  readonly calledNumber: string;
}

/** What answers are understood by. */
export function answerContext(subject: CallSubject, state: ConversationState): AnswerContext {
  const { profile, nowMs, callerNumber } = subject;
  const country = countryOf(subject);
  return {
    language: languageOf(profile.language),
    locale: profile.language,
    timeZone: profile.timeZone,
    nowMs,
    country,
    callerNumber: callableNumber(callerNumber, country),
    earlierDigits: state.digits,
  };
}

/** The country in which the call is at home: by the called number, the caller's, the language, the time zone. */
export function countryOf({ profile, callerNumber, calledNumber }: CallSubject): CountryCode | undefined {
  return (
    numberCountry(calledNumber) ??
    numberCountry(callerNumber) ??
    asCountry(regionOf(profile.language)) ??
    zoneCountry(profile.timeZone)
  );
}

function regionOf(locale: string): string | undefined {
  return new Intl.Locale(locale).region;
}

function asCountry(region: string | undefined): CountryCode | undefined {
  return getCountries().find((country) => country === region);
}

const ZONE_COUNTRIES = new Map<string, CountryCode | undefined>();

/** UTC is nobody's. */
function zoneCountry(timeZone: string): CountryCode | undefined {
  if (!ZONE_COUNTRIES.has(timeZone)) {
    const found = getCountries().find((country) =>
      new Intl.Locale('und', { region: country }).getTimeZones?.()?.includes(timeZone),
    );
    ZONE_COUNTRIES.set(timeZone, found);
  }
  return ZONE_COUNTRIES.get(timeZone);
}
