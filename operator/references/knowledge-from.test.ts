import { expect, test } from 'vitest';
import { type ConfigMap, knowledgeIn } from './knowledge-from.ts';

const configMap = (data: Readonly<Record<string, string>>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'any' },
  data,
});
const full = (characters: number) =>
  configMap(
    Object.fromEntries(
      Array.from({ length: Math.ceil(characters / 8_000) }, (_, index) => [`k${index}`, 'x'.repeat(7_998)]),
    ),
  );
const namespace = 'tenant-acme';

test('keys are titles, in the order in which the Tenant names the ConfigMaps', () => {
  const named = [
    ['second', configMap({ 'opening-hours.md': ' Nine to five.\n', A_Parking: 'Behind.', empty: ' ' })],
    ['first', configMap({ prices: 'Ten dollars.' })],
  ] as const;
  expect(knowledgeIn(named, namespace)).toEqual({
    articles: [
      { title: 'A Parking', text: 'Behind.' },
      { title: 'opening hours', text: 'Nine to five.' },
      { title: 'prices', text: 'Ten dollars.' },
    ],
    problems: [],
  });
});

test.each([
  ['is missing', undefined, 'ConfigMapNotFound', 'there is no ConfigMap facts in tenant-acme'],
  [
    'has a value that is too long',
    configMap({ prices: 'x'.repeat(8_193) }),
    'KnowledgeTooLarge',
    '“prices” has 8193 characters',
  ],
  ['is too large', full(72_000), 'KnowledgeTooLarge', 'have 72000 characters, and may have 65536'],
])('a ConfigMap that %s is left out and named, and the others are not', (_, it, reason, words) => {
  const { articles, problems } = knowledgeIn(
    [
      ['facts', it],
      ['other', configMap({ prices: 'Ten dollars.' })],
    ],
    namespace,
  );
  expect(articles).toEqual([{ title: 'prices', text: 'Ten dollars.' }]);
  expect(problems).toEqual([{ reason, message: expect.stringContaining(`spec.knowledgeFrom[facts]: `) }]);
  expect(problems[0]?.message).toContain(words);
});

test('those that are too large together are taken as far as they fit', () => {
  const { articles, problems } = knowledgeIn(
    [
      ['a', full(40_000)],
      ['b', full(32_000)],
      ['c', full(24_000)],
    ],
    namespace,
  );
  expect(articles).toHaveLength(8);
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringContaining('spec.knowledgeFrom[b]: with it all ConfigMaps together have 72000 characters'),
  ]);
});
