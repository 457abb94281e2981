import {
  LIMIT_RANGES,
  NETWORK_POLICIES,
  RESOURCE_QUOTAS,
  ROLE_BINDINGS,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '#lib/kube/resource.ts';
import type { ChildKind } from '#operator/engine/child-kind.ts';

/** Of what a tenant's namespace holds, the fields that the operator owns whole. */
export const TENANT_CHILD_KINDS: readonly ChildKind[] = [
  {
    resource: SERVICE_ACCOUNTS,
    // Other fields are left alone: some platforms add pull secrets to every ServiceAccount.
    owned: ({ automountServiceAccountToken }) => ({ automountServiceAccountToken }),
  },
  { resource: RESOURCE_QUOTAS, owned: ({ spec }) => ({ spec }) },
  { resource: LIMIT_RANGES, owned: ({ spec }) => ({ spec }) },
  { resource: NETWORK_POLICIES, owned: ({ spec }) => ({ spec }) },
  { resource: ROLE_BINDINGS, owned: ({ roleRef, subjects }) => ({ roleRef, subjects }) },
  { resource: SECRETS, owned: ({ type, data, immutable }) => ({ type, data, immutable }) },
];
