import { expect, test } from 'vitest';
import { isNewer, isOlder } from './resource-version.ts';

test.each([
  ['2', '1', true],
  ['10', '9', true],
  ['9', '10', false],
  ['7', '7', false],
  // 2^53 and the one after it are the same number to JavaScript.
  ['9007199254740993', '9007199254740992', true],
  ['1', '0', true],
  ['1', undefined, true],
  ['0', '0', false],
  [undefined, '1', false],
  ['opaque-b', 'opaque-a', false],
  ['5', 'opaque', false],
])('%s newer than %s: %s', (version, than, expected) => {
  expect(isNewer(version, than)).toBe(expected);
  expect(isOlder(than, version)).toBe(expected);
});
