import { expect, test } from 'vitest';
import { TENANT_CHILD_KINDS } from '#operator/world/tenant-child-kinds.ts';
import { RUNTIME_CHILD_KINDS } from './child-kinds.ts';

test('of what the operator makes, nothing that holds data is made anew', () => {
  const kinds = [...TENANT_CHILD_KINDS, ...RUNTIME_CHILD_KINDS]
    .filter(({ replaceable }) => replaceable)
    .map(({ resource }) => resource.kind);
  expect(new Set(kinds)).toEqual(
    new Set([
      'ServiceAccount',
      'ResourceQuota',
      'LimitRange',
      'NetworkPolicy',
      'RoleBinding',
      'Secret',
      'Service',
      'PodDisruptionBudget',
      'Deployment',
    ]),
  );
});
