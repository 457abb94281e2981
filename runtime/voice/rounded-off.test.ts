import { describe, expect, test } from 'vitest';
import { isRoundedOff } from './rounded-off.ts';
import { TURN_WORDS } from './turn-words.ts';

const roundedOff = (language: string, text: string): boolean => {
  const sentences = TURN_WORDS[language]?.sentences;
  return sentences !== undefined && isRoundedOff(text.split(' '), sentences);
};

describe('a sentence', () => {
  test.each([
    ['the roof is leaking since monday', true],
    ['i lost my keys at the station', true],
    ['somebody broke the window so i cannot lock up', true],
    ['we want a quote for the garden', true],
    ['could you call me tomorrow', true],
    ['i need a plumber please', true],
    ['the dishwasher leaks water onto the floor', true],
    ['our boiler stopped in the night', true],
    ['the lights go out when it rains', true],
    ['the battery died because i left the radio on', true],
    ['the used car in the yard', false],
    ['the spare keys in the drawer', false],
    ['a big red gate in front', false],
    ['the lights when', false],
    ['the roof is leaking', false],
    ['the roof of my house', false],
    ['the key in the door', false],
    ['i need a plumber', false],
    ['i would like to know', false],
    ['if you are open on friday', false],
    ['when i came home in the evening', false],
    ['i am calling about', false],
    ['at the station', false],
    ['tomorrow', false],
    ['', false],
  ])('in English, %j, is rounded off: %s', (text, expected) => {
    expect(roundedOff('en', text)).toBe(expected);
  });

  test.each([
    ['es', 'necesito una cita para mi perro', true],
    ['es', 'necesito una cita', false],
    ['fr', 'je voudrais un rendez-vous pour mon chien', true],
    ['fr', 'je voudrais un rendez-vous', false],
    ['de', 'ich möchte einen termin für meinen hund', false],
  ])('in %s, %j, is rounded off: %s', (language, text, expected) => {
    expect(roundedOff(language, text)).toBe(expected);
  });
});
