import { describe, expect, test } from 'vitest';
import { saysMore } from './says-more.ts';

describe('what a caller said', () => {
  test.each([
    ['my name is alice', ['Alice'], false],
    ['you can reach me at two one two five five five zero one four two', ['212 555 0142'], false],
    ['yes that is right', [], false],
    ['i would like to book an appointment for my dog', ['book an appointment for my dog'], false],
    ['my name is alice do you have parking', ['Alice'], true],
    ['Friday. Are you open then?', ['Friday'], true],
    ['friday you are open then?', ['Friday'], true],
    ['yes could you send me a letter', [], true],
    ['alice and i called you twice already and nobody ever called back', ['Alice'], true],
  ])('%j, of which %j was saved, is more: %s', (spoken, saved, expected) => {
    expect(saysMore(spoken, saved, 'en')).toBe(expected);
  });

  test.each([
    ['de', 'mein name ist alice haben sie am samstag offen', true],
    ['de', 'mein name ist alice', false],
    ['es', 'me llamo alice a qué hora abren', true],
    ['fr', "je m'appelle alice est-ce que vous êtes ouverts", true],
  ] as const)('is asked in %s in the middle, too: %j', (language, spoken, expected) => {
    expect(saysMore(spoken, ['Alice'], language)).toBe(expected);
  });
});
