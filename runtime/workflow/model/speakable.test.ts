import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Speakable } from './speakable.ts';

function spoken(pieces: readonly string[]): string {
  const speakable = new Speakable();
  return [...pieces.map((piece) => speakable.push(piece)), speakable.flush()].join('');
}

const TEXTS: readonly (readonly [string, string])[] = [
  ['Plain words, 3.5 miles away.', 'Plain words, 3.5 miles away.'],
  ['That is **very** *kind* of you.', 'That is very kind of you.'],
  ['We offer:\n- cleaning\n- check-ups', 'We offer: cleaning check-ups'],
  ['Two things:\n1. your name\n2. your number', 'Two things: your name your number'],
  ['# Hours\nNine to five.', 'Hours Nine to five.'],
  ['See [our page](https://example.com/a) for it.', 'See our page for it.'],
  ['Great! 😀👍🏽', 'Great! 🏽'],
  ['One.\n\nTwo.', 'One. Two.'],
  ['`code` and __more__', 'code and more'],
];

describe('what a model writes', () => {
  test.each(TEXTS)('%j is spoken as %j', (written, expected) => {
    expect(spoken([written])).toBe(expected);
  });

  test('is spoken alike however it comes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TEXTS), fc.integer({ min: 1, max: 7 }), ([written, expected], size) => {
        const pieces = Array.from(written).reduce<string[]>((all, character, index) => {
          if (index % size === 0) all.push('');
          all[all.length - 1] += character;
          return all;
        }, []);
        expect(spoken(pieces).replace(/\s+/g, ' ')).toBe(expected);
      }),
    );
  });
});
