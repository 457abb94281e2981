import { describe, expect, test } from 'vitest';
import { phoneNumberSchema } from '#crds/phone-number/phone-number.ts';
import { tenantSchema } from '#crds/tenant/tenant.ts';
import type { RawPhoneNumber } from '#operator/world/raw-objects.ts';
import { hasPlace, phoneNumberReady, routeOf } from './decide-phone-number.ts';

const id = '7b0c7c2e-7c1a-4b7e-9d3f-0d5a3c1b2a19';
const owned = { number: '+13125550100', providerNumberID: 'n1' };

function tenantWith(workflows: readonly object[], plan = 'Free') {
  return tenantSchema.parse({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'Tenant',
    metadata: { name: 'acme' },
    spec: { displayName: 'Acme', plan, workflows, assistant: {}, recording: {}, transcripts: {} },
  });
}

function numberWith(spec: object) {
  return phoneNumberSchema.parse({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'PhoneNumber',
    metadata: { name: 'main', namespace: 'tenant-acme', generation: 5 },
    spec: { number: '+13125550100', ...spec },
  });
}

describe('the route of a number', () => {
  const { spec } = tenantWith([{ name: 'lead' }, { name: 'off', enabled: false }]);

  test('leads to the workflow, with all that the runtime needs to find the tenant', () => {
    const route = routeOf(numberWith({ routing: { workflow: 'lead' } }), owned, { id, spec });
    expect(route.verdict).toMatchObject({ status: 'True', reason: 'Routed' });
    expect(route.record).toEqual({
      schemaVersion: 1,
      number: '+13125550100',
      tenantID: id,
      shard: expect.stringMatching(/^s\d\d$/),
      workflow: 'lead',
      runtime: 'veralux-system/shared',
      providerNumberID: 'n1',
      generation: 5,
    });
  });

  test.each([
    ['no routing', {}, 'NotRouted'],
    ['a workflow that is not there', { routing: { workflow: 'none' } }, 'WorkflowNotFound'],
    ['a workflow that is switched off', { routing: { workflow: 'off' } }, 'WorkflowNotFound'],
  ])('%s leads nowhere', (_name, more, reason) => {
    const route = routeOf(numberWith(more), owned, { id, spec });
    expect([route.record, route.verdict.reason]).toEqual([undefined, reason]);
  });
});

describe('a place within the limit', () => {
  const none: ReadonlySet<string> = new Set();
  const number = (name: string, second: number, has?: string): RawPhoneNumber => ({
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'PhoneNumber',
    metadata: { name, creationTimestamp: `2026-01-01T00:00:0${second}Z` },
    status: has === undefined ? undefined : { number: has },
  });

  test('goes to the oldest', () => {
    const [first, second] = [number('b', 1), number('a', 2)];
    const all = [second, first];
    const tenant = tenantWith([]);
    expect([first, second].map((one) => hasPlace(one, all, tenant, none))).toEqual([true, false]);
  });

  test('stays with one that owns a number, also after the limit was lowered', () => {
    const [owner, older] = [number('a', 2, '+13125550100'), number('b', 1)];
    const all = [owner, older];
    const tenant = tenantWith([]);
    expect([owner, older].map((one) => hasPlace(one, all, tenant, none))).toEqual([true, false]);
  });

  test('stays with one that got it before a sister of the same second with a lesser name was seen', () => {
    const [granted, sister] = [number('main', 1), number('front-desk', 1)];
    const all = [sister, granted];
    const tenant = tenantWith([]);
    const places = [granted, sister].map((one) => hasPlace(one, all, tenant, new Set(['main'])));
    expect(places).toEqual([true, false]);
    const ordering = { ...granted, status: { orderID: 'o' } };
    expect(hasPlace(sister, [sister, ordering], tenant, none)).toBe(false);
  });

  test('is never missing on an unlimited plan', () => {
    const all = [1, 2, 3, 4, 5, 6, 7].map((second) => number(`n${second}`, second));
    expect(all.every((one) => hasPlace(one, all, tenantWith([], 'Enterprise'), none))).toBe(true);
  });
});

test('a number that is meant to be owned and not answered is ready without a route', () => {
  const purchased = { type: 'Purchased', status: 'True', reason: 'Owned', message: '' } as const;
  const routed = { type: 'Routed', status: 'False', reason: 'NotRouted', message: 'none' } as const;
  expect(phoneNumberReady(numberWith({}), [purchased, routed]).status).toBe('True');
  const answered = numberWith({ routing: { workflow: 'lead' } });
  expect(phoneNumberReady(answered, [purchased, routed])).toMatchObject({
    status: 'False',
    reason: 'Failed',
  });
});
