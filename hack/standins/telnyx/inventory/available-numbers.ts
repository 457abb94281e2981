import type Telnyx from 'telnyx';
import type { AvailableNumbersFilter } from '../rest/request-bodies.ts';

export type AvailableNumber = NonNullable<Telnyx.AvailablePhoneNumberListResponse['data']>[number];

interface Area {
  readonly country: string;
  /** The national destination code. */
  readonly code: string;
  readonly locality: string;
  readonly administrativeArea: string;
  /** E.164 without the last digits; numbers of the ranges kept for fiction. */
  readonly prefix: string;
  readonly firstSuffix: number;
  readonly suffixDigits: number;
  readonly count: number;
}

// NANP keeps 555-0100 to 555-0199 for fiction, Ofcom 020 7946 0000 to 0999, the Bundesnetzagentur (0)30 23125 000 to 999.
const areas: readonly Area[] = [
  northAmerica('212', 'New York', 'NY'),
  northAmerica('312', 'Chicago', 'IL'),
  northAmerica('415', 'San Francisco', 'CA'),
  northAmerica('512', 'Austin', 'TX'),
  northAmerica('206', 'Seattle', 'WA'),
  {
    country: 'GB',
    code: '20',
    locality: 'London',
    administrativeArea: 'ENG',
    prefix: '+442079460',
    firstSuffix: 0,
    suffixDigits: 3,
    count: 1000,
  },
  european('DE', '30', 'Berlin', { prefix: '+493023125', firstSuffix: 0, suffixDigits: 3, count: 1000 }),
  european('FR', '1', 'Paris', { prefix: '+3314268', firstSuffix: 5300, suffixDigits: 4, count: 100 }),
  european('ES', '91', 'Madrid', { prefix: '+3491123', firstSuffix: 4500, suffixDigits: 4, count: 100 }),
];

/**
 * The numbers that can be bought and meet `filter`, those of `taken` left out, at most
 * `filter.limit` (default 10). A North American area code that is not in the table still has numbers.
 */
export function availableNumbers(
  filter: AvailableNumbersFilter,
  taken: ReadonlySet<string>,
): AvailableNumber[] {
  const limit = filter.limit ?? 10;
  if (filter.phone_number_type !== undefined && filter.phone_number_type !== 'local') return [];
  const found: AvailableNumber[] = [];
  for (const area of areasFor(filter)) {
    for (let index = 0; index < area.count && found.length < limit; index += 1) {
      const suffix = String(area.firstSuffix + index).padStart(area.suffixDigits, '0');
      const number = area.prefix + suffix;
      if (taken.has(number) || !matches(number, filter.phone_number)) continue;
      found.push(describe(number, area));
    }
  }
  return found;
}

function areasFor(filter: AvailableNumbersFilter): Area[] {
  const country = filter.country_code?.toUpperCase() ?? 'US';
  const code = filter.national_destination_code;
  const known = areas.filter(
    (area) =>
      area.country === country &&
      (code === undefined || area.code === code) &&
      sameWord(area.locality, filter.locality) &&
      sameWord(area.administrativeArea, filter.administrative_area),
  );
  const anyPlace = filter.locality === undefined && filter.administrative_area === undefined;
  if (known.length === 0 && anyPlace && country === 'US' && code !== undefined && /^[2-9]\d\d$/.test(code)) {
    return [northAmerica(code, 'Anytown', 'US')];
  }
  return known;
}

function northAmerica(code: string, locality: string, administrativeArea: string): Area {
  return {
    country: 'US',
    code,
    locality,
    administrativeArea,
    prefix: `+1${code}555`,
    firstSuffix: 100,
    suffixDigits: 4,
    count: 100,
  };
}

function european(
  country: string,
  code: string,
  locality: string,
  numbers: Pick<Area, 'prefix' | 'firstSuffix' | 'suffixDigits' | 'count'>,
): Area {
  return { country, code, locality, administrativeArea: '', ...numbers };
}

function sameWord(value: string, wanted: string | undefined): boolean {
  return wanted === undefined || value.toLowerCase() === wanted.toLowerCase();
}

function matches(number: string, pattern: AvailableNumbersFilter['phone_number']): boolean {
  const digits = number.slice(1);
  return (
    digits.includes(pattern?.contains ?? '') &&
    digits.startsWith(pattern?.starts_with ?? '') &&
    digits.endsWith(pattern?.ends_with ?? '')
  );
}

function describe(number: string, area: Area): AvailableNumber {
  return {
    record_type: 'available_phone_number',
    phone_number: number,
    best_effort: false,
    quickship: true,
    reservable: true,
    vanity_format: '',
    features: [{ name: 'voice' }, { name: 'sms' }],
    region_information: [
      { region_type: 'country_code', region_name: area.country },
      { region_type: 'state', region_name: area.administrativeArea },
      { region_type: 'rate_center', region_name: area.locality.toUpperCase() },
    ],
    cost_information: { upfront_cost: '1.00000', monthly_cost: '1.00000', currency: 'USD' },
  };
}
