import { describe, expect, test } from 'vitest';
import { secretsDue, tenantKeys } from './tenant-secrets.ts';

const DAY_MS = 86_400_000;
const START = Date.parse('2026-01-01T00:00:00Z');
const first = { generation: 1, rotatedAt: '2026-01-01T00:00:00Z' };
const at = (days: number) => ({ nowMs: START + days * DAY_MS, rotationDays: 90 });

describe('the generation of secrets that is due', () => {
  test.each([
    ['the first for a new tenant', undefined, undefined, 0, { ...first }],
    [
      'the first with a request that was there from the start',
      undefined,
      'a',
      0,
      { ...first, rotationRequest: 'a' },
    ],
    ['the same until it is old', first, undefined, 89, first],
    ['the next when it is old', first, undefined, 90, { generation: 2, rotatedAt: '2026-04-01T00:00:00Z' }],
    [
      'the next when it is asked for',
      first,
      'a',
      1,
      { generation: 2, rotatedAt: '2026-01-02T00:00:00Z', rotationRequest: 'a' },
    ],
    [
      'the same when that was done',
      { ...first, rotationRequest: 'a' },
      'a',
      1,
      { ...first, rotationRequest: 'a' },
    ],
    [
      'the same when the request is taken away',
      { ...first, rotationRequest: 'a' },
      undefined,
      1,
      { ...first, rotationRequest: 'a' },
    ],
  ])('is %s', (...[, known, request, days, expected]) => {
    expect(secretsDue(known, request, at(days))).toEqual(expected);
  });
});

test('the previous secret of a generation is the secret of the one before', () => {
  const tenant = { name: 'acme', id: 'an-id' };
  const keysOf = (generation: number) =>
    tenantKeys(tenant, Buffer.alloc(32, 1), generation).object['data'] as Record<string, string>;
  expect(keysOf(2)['previousWebhookSecret']).toBe(keysOf(1)['webhookSecret']);
  expect(keysOf(2)['webhookSecret']).not.toBe(keysOf(1)['webhookSecret']);
});
