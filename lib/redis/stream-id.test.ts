import { expect, test } from 'vitest';
import { FIRST_STREAM_ID, isAfterStreamID } from './stream-id.ts';

test.each([
  ['1767225600000-0', '1767225599999-7', true],
  ['1767225600000-10', '1767225600000-9', true],
  ['1767225600000-9', '1767225600000-9', false],
  ['999-5', '1767225600000-0', false],
  ['1-0', FIRST_STREAM_ID, true],
])('%s after %s: %s', (a, b, isAfter) => {
  expect(isAfterStreamID(a, b)).toBe(isAfter);
});
