import jwt from 'jsonwebtoken';
import { describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { ACCESS_TOKEN_SECONDS, AccessTokens } from './access-token.ts';

const SECRET = 'a secret that is long enough for tests';
const claims = {
  userID: '11111111-1111-4111-8111-111111111111',
  tenantID: '22222222-2222-4222-8222-222222222222',
  sessionID: '33333333-3333-4333-8333-333333333333',
};

describe('AccessTokens', () => {
  test('what was signed is verified until its time is up', async () => {
    const clock = new FakeClock();
    const tokens = new AccessTokens(SECRET, clock);
    const token = tokens.sign(claims);
    expect(tokens.verify(token)).toEqual(claims);
    await clock.advance(ACCESS_TOKEN_SECONDS * 1_000 - 1_000);
    expect(tokens.verify(token)).toEqual(claims);
    await clock.advance(1_000);
    expect(tokens.verify(token)).toBeUndefined();
  });

  test.each([
    ['another algorithm', { algorithm: 'HS512' as const }, {}],
    ['another issuer', {}, { iss: 'someone' }],
    ['another audience', {}, { aud: 'another-api' }],
    [
      'a key of its own in the header',
      { header: { alg: 'HS256', jku: 'https://evil.example.com' } },
      { sub: 'x' },
    ],
  ])('a token with %s is refused', (_case, options, change) => {
    const clock = new FakeClock();
    const payload = {
      iss: 'veralux',
      aud: 'veralux-api',
      sub: claims.userID,
      sid: claims.sessionID,
      tid: null,
      exp: clock.now() / 1_000 + 60,
    };
    const tokens = new AccessTokens(SECRET, clock);
    expect(tokens.verify(jwt.sign(payload, SECRET))).toBeDefined();
    expect(tokens.verify(jwt.sign({ ...payload, ...change }, SECRET, options))).toBeUndefined();
  });
});
