import { expect, test } from 'vitest';
import { section } from './generator.ts';

const page = 'Before.\n<!-- generated: settings -->\nold\n<!-- /generated -->\nAfter.\n';

test('a section replaces what is between its markers and nothing else', () => {
  const { render } = section('README.md', 'settings', () => 'new');
  expect(render(page)).toBe(page.replace('old', 'new'));
  expect(render(render(page))).toBe(render(page));
});

test('a page without the markers is an error that names them', () => {
  const { render } = section('README.md', 'columns', () => 'new');
  expect(() => render(page)).toThrow('README.md has no <!-- generated: columns -->');
});
