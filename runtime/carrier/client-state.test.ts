import { expect, test } from 'vitest';
import { decodeClientState, encodeClientState } from './client-state.ts';

const secret = 's'.repeat(32);
const state = {
  tenantID: '6f1c1d1e-0000-4000-8000-0000000000aa',
  callID: '6f1c1d1e-0000-5000-8000-000000000001',
  shard: 's07',
  answeredAtMs: 1_767_225_600_000,
};

test('what was signed comes back', () => {
  expect(decodeClientState(encodeClientState(state, secret), secret)).toEqual(state);
});

test.each([
  ['of another secret', encodeClientState(state, 't'.repeat(32))],
  ['that somebody else set', btoa('{"campaign":7}')],
  ['that is not base64 of JSON', '%%%'],
  ['that is absent', undefined],
])('a state %s says nothing', (_what, text) => {
  expect(decodeClientState(text, secret)).toBeUndefined();
});
