import { expect, test } from 'vitest';
import { openToken, sealToken } from './sealed-token.ts';

const secret = 's'.repeat(43);
const book = {
  name: 'book',
  url: 'https://tools.example.com/',
  secretRef: { name: 'booking', key: 'token' },
};
const use = { tenantID: '7b0c7c2e-7c1a-4b7e-9d3f-0d5a3c1b2a19', tool: book };
const withTool = (changed: object) => ({ ...use, tool: { ...book, ...changed } });
const token = 'crm-token-äöü';

test('a token opens for what it was sealed for, and shows nothing of itself', () => {
  const sealed = sealToken(secret, use, token);
  expect(openToken(secret, use, sealed)).toBe(token);
  expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('crm');
});

test.each([
  ['another secret', 't'.repeat(43), use],
  ['another tenant', secret, { ...use, tenantID: '00000000-7c1a-4b7e-9d3f-0d5a3c1b2a19' }],
  ['another tool of the tenant', secret, withTool({ name: 'cancel' })],
  ['another address of the tool', secret, withTool({ url: 'https://tools.example.net/' })],
  ['another Secret of the tool', secret, withTool({ secretRef: { name: 'other', key: 'token' } })],
  ['another key of the Secret', secret, withTool({ secretRef: { name: 'booking', key: 'other' } })],
  ['the tool without a Secret', secret, withTool({ secretRef: undefined })],
])('a token does not open for %s', (_, otherSecret, otherUse) => {
  expect(openToken(otherSecret, otherUse, sealToken(secret, use, token))).toBeUndefined();
});

test('what was changed or cut off does not open', () => {
  const bytes = Buffer.from(sealToken(secret, use, token), 'base64url');
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(bytes.readUInt8(index) ^ 1, index);
    expect(openToken(secret, use, changed.toString('base64url'))).toBeUndefined();
    expect(openToken(secret, use, bytes.subarray(0, index).toString('base64url'))).toBeUndefined();
  }
  expect(openToken(secret, use, 'no base64url!')).toBeUndefined();
});

test('the same token is sealed alike, and no two others are', () => {
  const all = [
    sealToken(secret, use, token),
    sealToken(secret, use, `${token}.`),
    sealToken(secret, withTool({ name: 'cancel' }), token),
    sealToken('t'.repeat(43), use, token),
  ];
  expect(sealToken(secret, { ...use }, token)).toBe(all[0]);
  expect(new Set(all.map((sealed) => sealed.slice(0, 16))).size).toBe(all.length);
});

test('a token that this release sealed opens in later ones', () => {
  expect(sealToken(secret, use, 'kept')).toBe('On9lw_-ziV4yHmJOQDVYzIdoNEudmSohaXD4CbVHuV8');
});

test('what a release sealed that held to tenant and tool alone does not open: it says nothing of an address', () => {
  expect(openToken(secret, use, '8jbF_gm0ad9jN-qV02z96tj74dhxpa-h2HAFrPaeNJc')).toBeUndefined();
});
