import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js';

/** Where it is not 112, which every mobile network of the world takes. */
const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  '911':
    'US CA MX AR BO CR DO EC GT HN NI PA PE PH PR PY SV UY VE BS BB BM JM KY LC TT AG DM GD KN VC VG VI GU BZ'.split(
      ' ',
    ),
  '999': 'GB IE HK MY KE UG BD QA BH'.split(' '),
  '000': ['AU'],
  '111': ['NZ'],
  '119': 'JP KR TW LK'.split(' '),
  '120': ['CN'],
  '190': ['BR'],
  '123': 'CO EG'.split(' '),
  '131': ['CL'],
  '995': ['SG'],
  '998': ['AE'],
  '1669': ['TH'],
};

const BY_COUNTRY = new Map(
  Object.entries(NUMBERS).flatMap(([number, countries]) => countries.map((country) => [country, number])),
);

/**
 * The emergency number for whoever calls a number, by its country: the general one, or that of the ambulance
 * where there is none.
 */
export function emergencyNumber(calledNumber: string, country: CountryCode | undefined): string {
  const called = parsePhoneNumberFromString(calledNumber)?.country ?? country;
  return BY_COUNTRY.get(called ?? '') ?? '112';
}
