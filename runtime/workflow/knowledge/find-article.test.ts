import { describe, expect, test } from 'vitest';
import type { Language } from '../language.ts';
import { findArticle } from './find-article.ts';

const ENGLISH = [
  { title: 'Parking', text: 'There is a garage across the street. We validate for up to two hours.' },
  { title: 'Address', text: 'The office is at 200 Lake Street, on the fourth floor.' },
  { title: 'Prices', text: 'A first consultation costs ninety dollars. We take cards and cash.' },
  { title: 'Insurance', text: 'We accept Blue Cross and Aetna.' },
  { title: 'Pets', text: 'Dogs on a leash are welcome.' },
];

describe('the article that answers a question', () => {
  test.each([
    ['where do I park?', 'Parking'],
    ['is there any parking', 'Parking'],
    ['do you validate parking', 'Parking'],
    ['what is your address', 'Address'],
    ['how much does a consultation cost', 'Prices'],
    ['do you take credit cards', 'Prices'],
    ['which insurances do you accept', 'Insurance'],
    ['can I bring my dog', 'Pets'],
  ])('%s → %s', (question, title) => {
    expect(findArticle(question, ENGLISH, 'en')?.title).toBe(title);
  });

  test.each(['do you sell bicycles', 'who won the game last night', 'what is it', 'how are you', ''])(
    'none is about “%s”',
    (question) => {
      expect(findArticle(question, ENGLISH, 'en')).toBeUndefined();
    },
  );

  test.each<[Language, string, { title: string; text: string }]>([
    [
      'es',
      '¿dónde puedo aparcar?',
      { title: 'Aparcamiento', text: 'Puede aparcar gratis detrás de la casa.' },
    ],
    [
      'fr',
      'où puis-je me garer ?',
      { title: 'Stationnement', text: 'Vous pouvez vous garer derrière la maison.' },
    ],
    ['de', 'wo kann ich parken?', { title: 'Parkplätze', text: 'Parken können Sie hinter dem Haus.' }],
  ])('in %s: %s', (language, question, article) => {
    const other = { title: 'X', text: 'Lorem ipsum.' };
    expect(findArticle(question, [other, article], language)).toBe(article);
  });
});
