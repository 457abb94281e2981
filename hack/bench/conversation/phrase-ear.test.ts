import { describe, expect, test } from 'vitest';
import { concatenated } from '#runtime/media/concatenated.ts';
import { PhraseEar } from './phrase-ear.ts';

/** Noise that is the same for the same seed. */
function noise(seed: number): Int16Array {
  let state = seed;
  return Int16Array.from({ length: 1_600 }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return (state % 20_000) - 10_000;
  });
}

const SILENCE = new Int16Array(800);
const [hello, there] = [noise(1), noise(2)];
const ear = new PhraseEar([
  { text: 'hello', samples: hello },
  { text: 'there', samples: there },
]);

describe('an ear for phrases', () => {
  test.each([
    [
      'hears them in their order, as often as they are said',
      [there, SILENCE, hello, there],
      'there hello there',
    ],
    ['hears one whose beginning is missing', [hello.subarray(400), SILENCE], 'hello'],
    ['hears none that was cut short', [hello.subarray(0, 790), SILENCE], ''],
    ['hears nothing in noise', [noise(3)], ''],
    ['hears nothing in silence', [SILENCE], ''],
  ])('%s', (_, pieces, expected) => {
    expect(ear.hear(concatenated(pieces))).toBe(expected);
  });

  test('refuses phrases that it could not tell apart', () => {
    const same = [
      { text: 'hello', samples: hello },
      { text: 'hullo', samples: hello },
    ];
    expect(() => new PhraseEar(same)).toThrow('"hullo" is heard as "hello"');
  });
});
