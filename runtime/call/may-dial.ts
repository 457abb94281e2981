import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js';
import type { TenantProfile } from '#crds/projection/tenant-profile.ts';

/** Of numbers that belong to no country of their calling code, the largest of it. */
const LARGEST: Readonly<Record<string, CountryCode>> = {
  '1': 'US',
  '44': 'GB',
  '7': 'RU',
  '39': 'IT',
  '61': 'AU',
};

/** The country (ISO 3166-1 alpha-2) of a number in E.164; undefined for what is none, and for numbers of no country. */
export function numberCountry(number: string): CountryCode | undefined {
  const parsed = parsePhoneNumberFromString(number);
  return parsed?.country ?? LARGEST[parsed?.countryCallingCode ?? ''];
}

/**
 * Whether a tenant's calls may be transferred to `number`: to the countries that it names, else to that of the number
 * that was called. What somebody with a stolen login puts among the targets is mostly far away and dear.
 */
export function mayDial(
  number: string,
  { limits, calledNumber }: Pick<TenantProfile, 'limits'> & { readonly calledNumber: string },
): boolean {
  const country = numberCountry(number);
  if (country === undefined) return false;
  const allowed = limits.transferCountries ?? [numberCountry(calledNumber)];
  return allowed.includes(country);
}
