import { expect, test } from 'vitest';
import { emergencyNumber } from './emergency-number.ts';

test.each([
  ['+13125550100', '911'],
  ['+14165550100', '911'],
  ['+442079460958', '999'],
  ['+61255501234', '000'],
  ['+6493001234', '111'],
  ['+4930123456', '112'],
  ['+33123456789', '112'],
  ['+81312345678', '119'],
  ['not a number', '112'],
])('who calls %s is told to dial %s', (called, number) => {
  expect(emergencyNumber(called, undefined)).toBe(number);
});

test('where the called number tells no country, that of the tenant counts', () => {
  expect(emergencyNumber('sip:desk@example.com', 'US')).toBe('911');
});
