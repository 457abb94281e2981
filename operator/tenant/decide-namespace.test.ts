import { describe, expect, test } from 'vitest';
import {
  labelsToPutBack,
  namespaceState,
  namespaceVerdict,
  newNamespace,
  setOfChildren,
} from './decide-namespace.ts';
import { childLabels, tenantChildren } from './tenant-children.ts';

const identity = { name: 'acme', id: '7b0c7c2e-7c1a-4b7e-9d3f-0d5a3c1b2a19' };
const ours = newNamespace(identity, 'set');

describe('the namespace of a tenant', () => {
  const bare = { ...ours, metadata: { name: 'tenant-acme', uid: 'u-1' } };
  test.each([
    ['none', undefined, undefined, 'Missing'],
    ['one with all our labels', ours, undefined, 'Ours'],
    [
      'ours, going away',
      { ...ours, metadata: { ...ours.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
      undefined,
      'Terminating',
    ],
    ['one without labels', bare, undefined, 'Foreign'],
    ['ours that lost its labels', bare, 'u-1', 'Ours'],
    ['another than ours, which is gone', bare, 'u-2', 'Foreign'],
    [
      'one of a tenant of the same name with another id',
      { ...ours, metadata: { name: 'tenant-acme', labels: childLabels({ ...identity, id: 'other' }) } },
      undefined,
      'Foreign',
    ],
  ] as const)('%s is %s', (_name, namespace, knownUID, expected) => {
    expect(namespaceState(namespace, identity, knownUID)).toBe(expected);
  });

  test('has only those labels put back that are missing or changed', () => {
    expect(labelsToPutBack(ours, identity)).toBeUndefined();
    const { 'veralux.io/tenant': _gone, ...labels }: Record<string, string> = {
      ...ours.metadata.labels,
      theirs: 'x',
    };
    const changed = { ...labels, 'pod-security.kubernetes.io/enforce': 'privileged' };
    expect(labelsToPutBack({ ...ours, metadata: { name: 'x', labels: changed } }, identity)).toEqual({
      'veralux.io/tenant': 'acme',
      'pod-security.kubernetes.io/enforce': 'restricted',
    });
  });

  test('that belongs to another Tenant is said to, and nobody is told to delete it unseen', () => {
    const other = newNamespace({ name: 'acme', id: 'other' }, 'set');
    const { message } = namespaceVerdict('acme', 'Foreign', other);
    expect(message).toContain('labelled as that of the Tenant acme with the id other');
  });

  test('that goes away says what Kubernetes waits for', () => {
    const remaining = 'Some content in the namespace has finalizers remaining: x/y in 1 resource instances';
    const { message } = namespaceVerdict('acme', 'Terminating', { ...ours, remaining });
    expect(message).toContain(remaining);
    expect(message).toContain('kubectl get <resource> --namespace=tenant-acme');
  });
});

test('the set of children has another name when one is added, not when one changes', () => {
  const of = (names: string[]) =>
    setOfChildren(
      tenantChildren(identity, {
        access: names.map((name) => ({ kind: 'User', name, role: 'Viewer' })),
      }),
    );
  expect(of(['a'])).toBe(of(['b']));
  expect(of(['a'])).not.toBe(of([]));
});
