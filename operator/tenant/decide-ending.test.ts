import { expect, test } from 'vitest';
import { endingVerdicts, waitsForCalls, waitsForData, waitsForNumbers } from './decide-ending.ts';

const tenant = (spec: Record<string, unknown>, finalizers = ['veralux.io/tenant', 'veralux.io/data']) => ({
  apiVersion: 'veralux.io/v1alpha1',
  kind: 'Tenant',
  metadata: { name: 'acme', finalizers },
  spec,
});

test('numbers that are waited for are named with what holds them', () => {
  const number = {
    apiVersion: 'veralux.io/v1alpha1',
    kind: 'PhoneNumber',
    metadata: { name: 'main', finalizers: ['veralux.io/phone-number', 'example.org/theirs'] },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: 'False' as const,
          reason: 'Deleting',
          message: 'The carrier does not answer.',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    },
  };
  const { message } = waitsForNumbers(Array.from({ length: 7 }, () => number));
  expect(message).toContain('Waiting for 7 PhoneNumbers');
  expect(message).toContain('main: The carrier does not answer. It is also held by example.org/theirs');
  expect(message).toContain('And 2 more.');
});

test('calls that are waited for are counted, and the wait has an end', () => {
  expect(waitsForCalls(1, Date.parse('2026-01-01T00:00:00Z')).message).toContain('1 call in progress');
  expect(waitsForCalls(2, 0).message).toContain('At 1970-01-01T00:00:00.000Z');
});

test.each([
  ['Retain', 'keeps'],
  ['Purge', 'deletes'],
])('what becomes of the rows is told: %s %s them', (deletionPolicy, does) => {
  expect(waitsForData(tenant({ deletionPolicy })).message).toContain(`The API server ${does} its calls`);
});

test('a Tenant without the API server’s finalizer waits for nobody', () => {
  expect(waitsForData(tenant({}, ['veralux.io/tenant'])).message).not.toContain('API server');
});

test('conditions follow the stages: nothing is said to be gone before it is', () => {
  const typesAt = (stage: 'Redis' | 'Calls' | 'Namespace') =>
    endingVerdicts({ stage, message: 'x' }).map(({ type, reason }) => `${type} ${reason}`);
  expect(typesAt('Redis')).toEqual(['Ready Deleting']);
  expect(typesAt('Calls')).toEqual(['Ready Deleting', 'ProfileProjected Withdrawn']);
  expect(typesAt('Namespace')).toContain('NamespaceReady NamespaceTerminating');
});
