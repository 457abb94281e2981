import { expect, test } from 'vitest';
import { emailAddressSchema } from './email-address.ts';

test.each([
  [' User@Example.COM ', 'user@example.com'],
  ['ＵＳＥＲ@example.com', 'user@example.com'],
  ['anna@bücher.example', 'anna@xn--bcher-kva.example'],
  ['a+tag@example.com', 'a+tag@example.com'],
])('%j is kept as %j', (written, kept) => {
  expect(emailAddressSchema.parse(written)).toBe(kept);
});

test.each([
  '',
  'nobody',
  '@example.com',
  'a@',
  'a b@example.com',
  'a@exa mple.com',
  `${'a'.repeat(250)}@example.com`,
])('%j is no address', (written) => {
  expect(emailAddressSchema.safeParse(written).success).toBe(false);
});
