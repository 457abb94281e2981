import { expect, test } from 'vitest';
import { openText, sealText } from './sealed-text.ts';

const whose = { secret: 'a secret', purpose: 'a test', owner: ['tenant', 'tool'] };
const sealed = sealText(whose, 'the words');

test('a sealed text opens for what it was sealed for, and is the same each time', () => {
  expect(openText(whose, sealed)).toBe('the words');
  expect(sealText(whose, 'the words')).toBe(sealed);
  expect(sealed).not.toContain(Buffer.from('the words').toString('base64url'));
});

test.each([
  ['another secret', { ...whose, secret: 'another' }, sealed],
  ['another purpose', { ...whose, purpose: 'another' }, sealed],
  ['another owner', { ...whose, owner: ['tenant', 'other'] }, sealed],
  ['names that only run together the same', { ...whose, owner: ['tenanttool'] }, sealed],
  ['a changed text', whose, `${sealed.slice(0, -4)}AAAA`],
  ['a piece of it', whose, sealed.slice(0, 20)],
  ['nothing', whose, ''],
])('it opens for nothing with %s', (_, owner, text) => {
  expect(openText(owner, text)).toBeUndefined();
});
