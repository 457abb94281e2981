import { APIError } from 'telnyx';
import { expect, test } from 'vitest';
import { failureOf, retryAfterMs } from './telnyx-error.ts';

const NOW = Date.UTC(2026, 0, 1);

function refusal(status: number, code: string, headers: Record<string, string> = {}): APIError {
  return new APIError(status, { errors: [{ code }] }, undefined, new Headers(headers));
}

test.each([
  [refusal(422, '90018'), 'CallEnded'],
  [refusal(422, '90015'), 'CallEnded'],
  [refusal(404, '10005'), 'CallEnded'],
  [refusal(422, '90034'), 'NotAnswered'],
  [refusal(429, '10011'), 'Throttled'],
  [refusal(503, '10007'), 'Unreachable'],
  [refusal(422, '10015'), 'Refused'],
  [new APIError(undefined, undefined, 'no reply', undefined), 'Unreachable'],
  [new TypeError('fetch failed'), 'Unreachable'],
] as const)('%s is %s', (error, failure) => {
  expect(failureOf(error)).toBe(failure);
});

test.each([
  ['seconds', { 'retry-after': '2' }, 2_000],
  ['a date', { 'retry-after': new Date(NOW + 4_000).toUTCString() }, 4_000],
  ['a date that has passed', { 'retry-after': new Date(NOW - 4_000).toUTCString() }, 0],
  ['the seconds until the limit is reset', { 'x-ratelimit-reset': '3' }, 3_000],
  ['what nobody could wait for', { 'retry-after': '86400' }, 10_000],
  ['what is neither', { 'retry-after': 'soon' }, 1_000],
  ['nothing', {}, 1_000],
] as const)('a 429 with %s is waited out', (_what, headers, waitMs) => {
  expect(retryAfterMs(refusal(429, '10011', headers), NOW)).toBe(waitMs);
});
