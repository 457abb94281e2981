import { expect, test } from 'vitest';
import { openToken, sealToken } from './sealed-token.ts';

const secret = 's'.repeat(43);
const owner = { tenantID: '7b0c7c2e-7c1a-4b7e-9d3f-0d5a3c1b2a19', tool: 'book' };
const token = 'crm-token-äöü';

test('a token opens for its tenant and its tool, and shows nothing of itself', () => {
  const sealed = sealToken(secret, owner, token);
  expect(openToken(secret, owner, sealed)).toBe(token);
  expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('crm');
});

test.each([
  ['another secret', 't'.repeat(43), owner],
  ['another tenant', secret, { ...owner, tenantID: '00000000-7c1a-4b7e-9d3f-0d5a3c1b2a19' }],
  ['another tool of the tenant', secret, { ...owner, tool: 'cancel' }],
])('a token does not open for %s', (_, otherSecret, otherOwner) => {
  expect(openToken(otherSecret, otherOwner, sealToken(secret, owner, token))).toBeUndefined();
});

test('what was changed or cut off does not open', () => {
  const bytes = Buffer.from(sealToken(secret, owner, token), 'base64url');
  for (let index = 0; index < bytes.length; index += 1) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(bytes.readUInt8(index) ^ 1, index);
    expect(openToken(secret, owner, changed.toString('base64url'))).toBeUndefined();
    expect(openToken(secret, owner, bytes.subarray(0, index).toString('base64url'))).toBeUndefined();
  }
  expect(openToken(secret, owner, 'no base64url!')).toBeUndefined();
});

test('the same token is sealed alike, and no two others are', () => {
  const all = [
    sealToken(secret, owner, token),
    sealToken(secret, owner, `${token}.`),
    sealToken(secret, { ...owner, tool: 'cancel' }, token),
    sealToken('t'.repeat(43), owner, token),
  ];
  expect(sealToken(secret, { ...owner }, token)).toBe(all[0]);
  expect(new Set(all.map((sealed) => sealed.slice(0, 16))).size).toBe(all.length);
});

test('a token that an earlier release sealed opens', () => {
  expect(sealToken(secret, owner, 'kept')).toBe('8jbF_gm0ad9jN-qV02z96tj74dhxpa-h2HAFrPaeNJc');
});
