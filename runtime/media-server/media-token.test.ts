import { expect, test } from 'vitest';
import { signMediaToken, verifyMediaToken } from './media-token.ts';
import { mediaURLOf, parseMediaPath, streamGenerationOf } from './media-url.ts';

const secret = 's'.repeat(32);
const callID = '6f1c1d1e-0000-5000-8000-000000000001';
const token = {
  tenantID: '6f1c1d1e-0000-4000-8000-0000000000aa',
  callID,
  generation: 1_767_225_600_000_001,
  pod: 'runtime-7d9f',
  expiresAtMs: 1_000,
  call: { carrierCallID: 'v3:call', workflow: 'lead-capture', answeredAtMs: 500 },
};

test('a token is read back until it expires', () => {
  const signed = signMediaToken(token, secret);
  expect(verifyMediaToken(signed, secret, 999)).toEqual(token);
  expect(verifyMediaToken(signed, secret, 1_000)).toBeUndefined();
  expect(signed.length).toBeLessThan(4_000);
});

test.each([
  ['of another secret', signMediaToken(token, 't'.repeat(32))],
  ['with another payload', `${btoa('{}')}.${signMediaToken(token, secret).split('.')[1]}`],
  ['without a signature', signMediaToken(token, secret).split('.')[0] ?? ''],
  ['with a third part', `${signMediaToken(token, secret)}.x`],
  ['that is empty', ''],
])('a token %s is refused', (_what, text) => {
  expect(verifyMediaToken(text, secret, 0)).toBeUndefined();
});

test("a stream's URL says its pod, call and generation", () => {
  const url = mediaURLOf('wss://media.example.com/base/', 'runtime-7d9f', callID, token.generation);
  expect(parseMediaPath(new URL(url).pathname)).toEqual({ pod: 'runtime-7d9f', callID });
  expect(streamGenerationOf(url)).toBe(token.generation);
});

test.each([undefined, '', '/media/x', '/media//', `/media/a b/${callID}`, `/media/a/${callID}/more`])(
  'the path %j leads nowhere',
  (path) => {
    expect(parseMediaPath(path)).toBeUndefined();
  },
);

test.each([undefined, 'no url', 'wss://x/media', 'wss://x/media?generation=-1', 'wss://x/?generation=a'])(
  'the stream URL %j has no generation',
  (url) => {
    expect(streamGenerationOf(url)).toBeUndefined();
  },
);
