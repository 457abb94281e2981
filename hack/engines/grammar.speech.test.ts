import { expect, test } from 'vitest';
import { synthesise } from './flite.ts';
import { grammarOf } from './grammar.ts';
import { Pocketsphinx } from './pocketsphinx.ts';

const { signal } = new AbortController();
const SENTENCES = [
  'can i speak to a person please',
  "je m'appelle marie dupont",
  'zéro un quarante-deux',
  'uh-huh',
  'no thank you',
];

test.each([
  'can i speak to a person please',
  "je m'appelle marie dupont",
  'zéro un quarante-deux',
  'no thank you',
  'can i speak to',
])('a recogniser that was told what to expect hears "%s"', async (sentence) => {
  const grammar = await grammarOf(SENTENCES, signal);
  const recogniser = new Pocketsphinx({ path: process.env['PATH'] ?? '' });
  const audio = await synthesise(sentence, { voice: 'kal16', signal });
  expect(await recogniser.recognise(audio, signal, grammar)).toBe(sentence);
});

test('of no sentences there is no grammar', async () => {
  expect(await grammarOf(['', ' … '], signal)).toBeUndefined();
});
