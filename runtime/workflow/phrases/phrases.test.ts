import { describe, expect, test } from 'vitest';
import { LANGUAGES } from '../language.ts';
import { filled, phrasesFor } from './phrases.ts';

const english = Object.entries(phrasesFor('en'));

describe.each(LANGUAGES)('in %s', (language) => {
  const phrases = phrasesFor(language);

  test('there is every phrase, with the same things to be filled in', () => {
    expect(Object.keys(phrases).sort()).toEqual(english.map(([name]) => name).sort());
    for (const [name, text] of english) {
      const own = phrases[name as keyof typeof phrases];
      expect(namesIn(own), name).toEqual(namesIn(text));
      expect(
        [own].flat().every((one) => one.trim() !== ''),
        name,
      ).toBe(true);
    }
  });

  test('nothing is left in another language', () => {
    if (language === 'en') return;
    const same = english.filter(([name, text]) => phrases[name as keyof typeof phrases] === text);
    // "Message" and "Question" are French, too.
    expect(same.map(([name]) => name).filter((name) => !name.endsWith('Label'))).toEqual([]);
  });
});

test('a tag of a region has the sentences of its language, and an unknown one English', () => {
  expect(phrasesFor('fr-CA')).toBe(phrasesFor('fr'));
  expect(phrasesFor('nl-NL')).toBe(phrasesFor('en'));
});

test('a value is filled in as it is, whatever is in it', () => {
  expect(filled('I have {value}.', { value: '$& {value}' })).toBe('I have $& {value}.');
});

function namesIn(phrase: string | readonly string[]): string[] {
  return [phrase]
    .flat()
    .flatMap((text) => text.match(/\{\w+\}/g) ?? [])
    .sort();
}
