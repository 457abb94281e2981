import { expect, test } from 'vitest';
import { profileInTest } from '#runtime/workflow/fakes/profile-in-test.ts';
import { mayDial } from './may-dial.ts';

const CHICAGO = '+13125550100';
const { limits } = profileInTest();

const cases: Readonly<Record<string, Case>> = {
  'in the country of the number that was called': ['+12125550142', CHICAGO, undefined, true],
  'toll-free there': ['+18005550142', CHICAGO, undefined, true],
  'in another country': ['+442079460000', CHICAGO, undefined, false],
  'in another country of the same calling code': ['+18095550142', CHICAGO, undefined, false],
  'in Canada, from the United States': ['+16045550142', CHICAGO, undefined, false],
  'on an island of the same calling code': ['+441534555010', '+442079460000', undefined, false],
  'in a country that is allowed': ['+442079460000', CHICAGO, ['GB'], true],
  'at home, which is not among those that are allowed': ['+12125550142', CHICAGO, ['GB'], false],
  'anywhere, where nothing is allowed': ['+12125550142', CHICAGO, [], false],
  'on a satellite, of no country': ['+870773111632', CHICAGO, undefined, false],
  'on a network of no country': ['+883510000000', '+883510000001', undefined, false],
  'at home, where the number that was called is not known': ['+12125550142', '', undefined, false],
  'at what is no number': ['sip:a@example.com', CHICAGO, undefined, false],
};

test.each(Object.entries(cases))(
  'whether somebody %s may be called',
  (_, [number, calledNumber, countries, may]) => {
    const limited = countries ? { ...limits, transferCountries: [...countries] } : limits;
    expect(mayDial(number, { limits: limited, calledNumber })).toBe(may);
  },
);

type Case = readonly [
  number: string,
  calledNumber: string,
  transferCountries: readonly string[] | undefined,
  may: boolean,
];
