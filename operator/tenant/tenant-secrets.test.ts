import { describe, expect, test } from 'vitest';
import type { CachedChild } from '#operator/engine/child-cache.ts';
import { madeSecretsOf, noteOnSecrets } from '#operator/world/made-secrets.ts';
import { secretsDue, tenantKeys } from './tenant-secrets.ts';

const DAY_MS = 86_400_000;
const START = Date.parse('2026-01-01T00:00:00Z');
const first = { generation: 1, rotatedAt: '2026-01-01T00:00:00Z' };
const at = (days: number) => ({ nowMs: START + days * DAY_MS, rotationDays: 90, mayRotate: () => true });

describe('the generation of secrets that is due', () => {
  test.each([
    ['the first for a new tenant', undefined, undefined, 0, { ...first }],
    [
      'the second with a request that was there from the start',
      undefined,
      'a',
      0,
      { ...first, generation: 2, rotationRequest: 'a' },
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
    expect(secretsDue({ known, made: undefined, request }, at(days))).toEqual(expected);
  });
});

describe('after a restore the generation', () => {
  const made = { generation: 4, rotationRequest: 'a' };
  test.each([
    ['is what the Secret says', undefined, made, undefined, { generation: 4, rotationRequest: 'a' }],
    ['is the larger one', { ...first, generation: 2 }, made, 'a', { generation: 4, rotationRequest: 'a' }],
    [
      'is that of the status where the Secret is older',
      { ...first, generation: 5 },
      made,
      undefined,
      { generation: 5 },
    ],
    [
      'rises by a request that was not carried out',
      undefined,
      made,
      'b',
      { generation: 5, rotationRequest: 'b' },
    ],
    [
      'does not rise at once where the status is old',
      { ...first, rotatedAt: '2020-01-01T00:00:00Z' },
      made,
      'a',
      { generation: 4 },
    ],
  ])('%s', (...[, known, there, request, expected]) => {
    expect(secretsDue({ known, made: there, request }, at(1))).toMatchObject(expected);
  });

  test('is read from what the operator itself wrote, and not from what others made of it', () => {
    const tenant = { name: 'acme', id: 'an-id' };
    const { metadata } = tenantKeys(tenant, Buffer.alloc(32, 1), made).object;
    const child = (appliedDigest: string): CachedChild => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: metadata.name },
      owner: noteOnSecrets(metadata),
      digest: 'd',
      appliedDigest,
    });
    expect(madeSecretsOf(child('d'))).toEqual(made);
    expect(madeSecretsOf(child('other'))).toBeUndefined();
    expect(noteOnSecrets({ name: 'theirs' })).toBeUndefined();
  });
});

test('what is old waits for the pace, and what is asked for does not', () => {
  const waiting = { ...at(90), mayRotate: () => false };
  expect(secretsDue({ known: first, made: undefined, request: undefined }, waiting)).toEqual(first);
  expect(secretsDue({ known: first, made: undefined, request: 'a' }, waiting)).toMatchObject({
    generation: 2,
  });
});

test('a date that is still to come is set right, and nothing is rotated for it', () => {
  const ahead = { ...first, rotatedAt: '2026-07-01T00:00:00Z' };
  expect(secretsDue({ known: ahead, made: undefined, request: undefined }, at(1))).toEqual({
    ...first,
    rotatedAt: '2026-01-02T00:00:00Z',
  });
  const hardly = { ...first, rotatedAt: '2026-01-02T00:30:00Z' };
  expect(secretsDue({ known: hardly, made: undefined, request: undefined }, at(1))).toEqual(hardly);
});

test('the previous secret of a generation is the secret of the one before', () => {
  const tenant = { name: 'acme', id: 'an-id' };
  const keysOf = (generation: number) =>
    tenantKeys(tenant, Buffer.alloc(32, 1), { generation }).object['data'] as Record<string, string>;
  expect(keysOf(2)['previousWebhookSecret']).toBe(keysOf(1)['webhookSecret']);
  expect(keysOf(2)['webhookSecret']).not.toBe(keysOf(1)['webhookSecret']);
});
