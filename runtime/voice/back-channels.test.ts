import { expect, test } from 'vitest';
import { isBackChannel } from './back-channels.ts';

test.each([
  ['uh-huh', 'en-US', true],
  ['Mm-hmm.', 'en-GB', true],
  ['Okay.', 'en-GB', true],
  ['yeah, right', 'en-US', true],
  ['I see.', 'en-US', true],
  ['', 'en-US', true],
  ['...', 'en-US', true],
  ['no', 'en-US', false],
  ['wait', 'en-US', false],
  ['yes but that is not what I asked', 'en-US', false],
  ['okay okay okay okay', 'en-US', false],
  ['genau', 'de-DE', true],
  ['nein', 'de-DE', false],
  ['vale', 'es-MX', true],
  ["d'accord", 'fr-FR', true],
  ['hmm', 'ja-JP', true],
  ['はい', 'ja-JP', false],
])('%j in %s only shows that the caller listens: %s', (text, language, expected) => {
  expect(isBackChannel(text, language)).toBe(expected);
});
