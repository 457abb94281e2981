import {
  LIMIT_RANGES,
  NETWORK_POLICIES,
  RESOURCE_QUOTAS,
  ROLE_BINDINGS,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '#lib/kube/resource.ts';
import type { ChildKind } from '#operator/engine/child-kind.ts';

/**
 * Of what a tenant's namespace holds, the fields that the operator owns whole. All of it can be made
 * anew as it was: generated secrets are derived, copied ones have their source.
 */
export const TENANT_CHILD_KINDS: readonly ChildKind[] = [
  {
    resource: SERVICE_ACCOUNTS,
    // Other fields are left alone: some platforms add pull secrets to every ServiceAccount.
    owned: ({ automountServiceAccountToken }) => ({ automountServiceAccountToken }),
    replaceable: true,
  },
  { resource: RESOURCE_QUOTAS, owned: ({ spec }) => ({ spec }), replaceable: true },
  { resource: LIMIT_RANGES, owned: ({ spec }) => ({ spec }), replaceable: true },
  { resource: NETWORK_POLICIES, owned: ({ spec }) => ({ spec }), replaceable: true },
  { resource: ROLE_BINDINGS, owned: ({ roleRef, subjects }) => ({ roleRef, subjects }), replaceable: true },
  { resource: SECRETS, owned: ({ type, data, immutable }) => ({ type, data, immutable }), replaceable: true },
];
