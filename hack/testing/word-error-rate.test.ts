import { expect, test } from 'vitest';
import { wordErrorRate } from './word-error-rate.ts';

test.each([
  ['the same words', 'Thank you, John.', 'thank you john', 0],
  ['a word taken for another', 'one coconut', 'won coconut', 1 / 2],
  ['a word missed', 'we call you back', 'we call back', 1 / 4],
  ['words added', 'yes', 'yes it is', 2],
  ['nothing heard', 'good day', '', 1],
])('%s', (_, said, heard, expected) => {
  expect(wordErrorRate(said, heard)).toBe(expected);
});
