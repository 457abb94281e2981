import jwt from 'jsonwebtoken';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { ACCESS_TOKEN_SECONDS, AccessTokens, issuerOf } from './access-token.ts';

const SECRET = 'a secret that is long enough for tests';
const claims = {
  userID: '11111111-1111-4111-8111-111111111111',
  tenantID: '22222222-2222-4222-8222-222222222222',
  sessionID: '33333333-3333-4333-8333-333333333333',
};

describe('AccessTokens', () => {
  test('what was signed is verified until its time is up', async () => {
    const clock = new FakeClock();
    const tokens = new AccessTokens([SECRET], clock);
    const token = tokens.sign(claims);
    expect(tokens.verify(token)).toEqual(claims);
    await clock.advance(ACCESS_TOKEN_SECONDS * 1_000 - 1_000);
    expect(tokens.verify(token)).toEqual(claims);
    await clock.advance(1_000);
    expect(tokens.verify(token)).toBeUndefined();
  });

  test('while one secret replaces another, tokens of both are good, and new ones are of the new', () => {
    const clock = new FakeClock();
    const NEW_SECRET = 'another secret that is long enough too';
    const before = new AccessTokens([SECRET], clock);
    const during = new AccessTokens([NEW_SECRET, SECRET], clock);
    const after = new AccessTokens([NEW_SECRET], clock);
    expect(during.verify(before.sign(claims))).toEqual(claims);
    expect(after.verify(during.sign(claims))).toEqual(claims);
    expect(after.verify(before.sign(claims))).toBeUndefined();
    expect(before.verify(during.sign(claims))).toBeUndefined();
  });

  test.each([
    ['another algorithm', { alg: 'HS512' as const }, {}],
    ['no key', { kid: undefined }, {}],
    ['a key that there is not', { kid: 'another' }, {}],
    ['another issuer', {}, { iss: 'someone' }],
    ['another audience', {}, { aud: 'another-api' }],
    [
      'a key of its own in the header',
      { jku: 'https://evil.example.com' },
      {},
      'a secret of somebody else, long enough',
    ],
  ])('a token with %s is refused', (_case, header, change, secret = SECRET) => {
    const tokens = new AccessTokens([SECRET], new FakeClock());
    const good = jwt.decode(tokens.sign(claims), { complete: true });
    const signed = (changed: object, payload: object, key: string) =>
      jwt.sign({ ...(good?.payload as object), ...payload }, key, {
        header: { ...good?.header, ...changed } as jwt.JwtHeader,
      });
    expect(tokens.verify(signed({}, {}, SECRET))).toEqual(claims);
    expect(tokens.verify(signed(header, change, secret))).toBeUndefined();
  });
});

test.each([null, 7, [], 'text', { iss: 7 }, {}])('a token whose payload is %j names no issuer', (payload) => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  expect(issuerOf(`${part({ typ: 'JWT', alg: 'HS256' })}.${part(payload)}.AA`)).toBeUndefined();
});
