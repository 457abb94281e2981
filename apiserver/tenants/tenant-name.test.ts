import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { newTenantName } from './tenant-name.ts';

test.each([
  ['Acme Corp', 'acme-corp-aaaaa'],
  ['  Grüner Tee & Söhne AG ', 'gruner-tee-sohne-ag-aaaaa'],
  ['株式会社', 'tenant-aaaaa'],
  ['---', 'tenant-aaaaa'],
  ['x'.repeat(100), `${'x'.repeat(50)}-aaaaa`],
])('the company %j becomes %j', (company, name) => {
  expect(newTenantName(company, () => 0)).toBe(name);
});

test('whatever the company is called, its name is a DNS label of at most 56 characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (company) => {
      expect(newTenantName(company)).toMatch(/^(?=.{1,56}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
    }),
  );
});
