import type { Applied } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { FIELD_MANAGER, LABELS, tenantNamespace } from '#operator/installation/names.ts';

/** The ServiceAccount that a tenant's own workloads would run under. It may do nothing. */
export const SERVICE_ACCOUNT = 'tenant';

interface TenantIdentity {
  readonly name: string;
  readonly id: string;
}

/** What is made of a Tenant, as the operator wants it. Pure. */
export function childLabels(tenant: TenantIdentity): Readonly<Record<string, string>> {
  return {
    [LABELS.managedBy]: FIELD_MANAGER,
    [LABELS.tenant]: tenant.name,
    [LABELS.tenantID]: tenant.id,
  };
}

/** The namespace as it is first made: bare, by POST, so that somebody else's is never taken over. */
export function newNamespace(tenant: TenantIdentity): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: tenantNamespace(tenant.name), labels: childLabels(tenant) },
  };
}

/** Pods in it, should there ever be any, have to be of the restricted kind. */
export function desiredNamespace(tenant: TenantIdentity): Applied {
  return {
    metadata: {
      name: tenantNamespace(tenant.name),
      labels: { ...childLabels(tenant), 'pod-security.kubernetes.io/enforce': 'restricted' },
    },
  };
}

export function desiredServiceAccount(tenant: TenantIdentity): Applied {
  return {
    metadata: {
      name: SERVICE_ACCOUNT,
      namespace: tenantNamespace(tenant.name),
      labels: childLabels(tenant),
    },
    automountServiceAccountToken: false,
  };
}
