import { describe, expect, test } from 'vitest';
import { heardOf, type SpokenClause } from './heard-text.ts';

const clause = (text: string, startMs: number, endMs: number): SpokenClause => ({
  text,
  startMs,
  endMs,
  complete: true,
  words: [],
});
const turn = [clause('Good morning.', 0, 1_000), clause('How can I help you?', 1_000, 2_900)];
const timed: SpokenClause = {
  ...clause('Well, I am Ann.', 0, 2_000),
  words: [
    { text: 'Well', startMs: 0, endMs: 900 },
    { text: 'I', startMs: 950, endMs: 1_000 },
    { text: 'am', startMs: 1_000, endMs: 1_100 },
    { text: 'Ann', startMs: 1_100, endMs: 1_900 },
  ],
};

describe('what was heard', () => {
  test.each([
    ['nothing', turn, 0, '', 'Good morning. How can I help you?'],
    ['a whole word of the first clause', turn, 500, 'Good', 'morning. How can I help you?'],
    ['the first clause', turn, 1_000, 'Good morning.', 'How can I help you?'],
    ['a part of the second', turn, 2_000, 'Good morning. How can I', 'help you?'],
    ['all', turn, 3_000, 'Good morning. How can I help you?', ''],
    ['the words that the engine says were over', [timed], 1_100, 'Well, I am', 'Ann.'],
    ['a long word that is not over', [timed], 890, '', 'Well, I am Ann.'],
    [
      'by proportion where the engine names other words',
      [{ ...timed, words: [{ text: 'Good', startMs: 0, endMs: 10 }] }],
      1_000,
      'Well, I',
      'am Ann.',
    ],
  ])('%s', (_, clauses, ms, heard, unheard) => {
    expect(heardOf(clauses, ms)).toEqual({ heard, unheard });
  });

  test('of a clause that is still coming in is judged by its length', () => {
    const coming = { ...clause('How can I help you today?', 0, 200), complete: false };
    expect(heardOf([coming], 300).heard).toBe('How');
  });
});
