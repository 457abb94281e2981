import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClauseCutter } from './clauses.ts';

function cut(pieces: readonly string[]): string[] {
  const cutter = new ClauseCutter();
  return [...pieces.flatMap((piece) => cutter.push(piece)), ...cutter.flush()];
}

describe('a text that is being written', () => {
  test('is cut at the ends of its sentences, each as soon as the space behind it is there', () => {
    const cutter = new ClauseCutter();
    expect(cutter.push('Good morning')).toEqual([]);
    expect(cutter.push('. ')).toEqual(['Good morning.']);
    expect(cutter.push('How can')).toEqual([]);
    expect(cutter.push(' I help you?')).toEqual([]);
    expect(cutter.flush()).toEqual(['How can I help you?']);
  });

  test('is cut early where its first sentence is long, and late where later ones are', () => {
    const first = 'We are open from nine in the morning on weekdays, and from ten on Saturdays';
    expect(cut([`${first}.`])).toHaveLength(2);
    expect(cut(['Yes. ', `${first}.`])).toEqual(['Yes.', `${first}.`]);
  });

  test('is cut at the first comma while the rest of its first sentence is still being written', () => {
    const cutter = new ClauseCutter();
    expect(cutter.push('Thank you, ')).toEqual([]);
    expect(cutter.push('I ')).toEqual(['Thank you,']);
    expect(cutter.push('will pass that on, ')).toEqual([]);
    expect(cutter.push('of course. ')).toEqual(['I will pass that on, of course.']);
    expect(cut(['Thank you, I will pass that on. '])).toEqual(['Thank you, I will pass that on.']);
    expect(cut(['So, ', 'what ', 'is it?'])).toEqual(['So, what is it?']);
  });

  test.each([
    ['not at a point in a number', ['It is 3.5 miles.'], ['It is 3.5 miles.']],
    ['behind a closing quote', ['He said "no." Then he left.'], ['He said "no."', 'Then he left.']],
    ['with its spaces collapsed', ['One.  Two.\n', '\nThree. '], ['One.', 'Two.', 'Three.']],
    ['into nothing where there is nothing', ['', '  '], []],
  ])('%s', (_, pieces, clauses) => {
    expect(cut(pieces)).toEqual(clauses);
  });

  test('is spoken whole and in order, however its pieces come', () => {
    const words = fc.array(fc.constantFrom('one', 'two,', 'three.', 'four?', ' ', 'five;', '3.5'), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 9 }), (parts, size) => {
        const text = parts.join(' ');
        const pieces = text.match(new RegExp(`.{1,${size}}`, 'gs')) ?? [];
        expect(cut(pieces).join(' ')).toBe(text.trim().replace(/\s+/g, ' '));
      }),
    );
  });
});
