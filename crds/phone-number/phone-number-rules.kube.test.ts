import { describeRules } from '#hack/testing/describe-rules.ts';
import { PHONE_NUMBER } from './phone-number.ts';

describeRules(PHONE_NUMBER, {
  longestName: 63,
  specs: [
    [
      'number is E.164',
      { number: '+13125550142' },
      { number: '312-555-0142' },
      'must be a number in E.164 form, such as +13125550142',
    ],
    ['number or search', { search: { countryCode: 'US' } }, {}, 'give exactly one of number and search'],
    [
      'number or search, not both',
      { number: '+13125550142' },
      { number: '+13125550142', search: { countryCode: 'US' } },
      'give exactly one of number and search',
    ],
    [
      'provider',
      { number: '+13125550142', provider: 'Telnyx' },
      { number: '+13125550142', provider: 'Other' },
      'supported values: "Telnyx"',
    ],
    [
      'areaCode',
      { search: { countryCode: 'US', areaCode: '312' } },
      { search: { countryCode: 'US', areaCode: 'Chicago' } },
      'must be digits, in quotes',
    ],
  ],
  changes: [
    [
      'number changed',
      { number: '+13125550142' },
      { number: '+13125550143' },
      'number may not be added, changed or removed',
    ],
    [
      'number for search',
      { search: { countryCode: 'US' } },
      { number: '+13125550143' },
      'number may not be added, changed or removed',
    ],
    [
      'search changed',
      { search: { countryCode: 'US' } },
      { search: { countryCode: 'CA' } },
      'search may not be added, changed or removed',
    ],
    [
      'area code added',
      { search: { countryCode: 'US' } },
      { search: { countryCode: 'US', areaCode: '312' } },
      'search may not be added, changed or removed',
    ],
    [
      'search for number',
      { number: '+13125550142' },
      { search: { countryCode: 'US' } },
      'search may not be added, changed or removed',
    ],
  ],
});
