import type { Applied } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { digestOf } from '#operator/engine/child-kind.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import { ANNOTATIONS, FIELD_MANAGER, LABELS, tenantNamespace } from '#operator/installation/names.ts';
import type { KnownNamespace } from '#operator/world/trimmed.ts';
import { verdict } from '#operator/world/verdict.ts';
import { childLabels, type DesiredChild, type TenantIdentity } from './tenant-children.ts';

/** The decisions about a tenant's namespace, all pure. */

/** What stands under the name of the tenant's namespace. */
export type NamespaceState = 'Missing' | 'Ours' | 'Terminating' | 'Foreign';

/** Ours is what has our labels, and the one that had them when we made it: `knownUID` from the status. */
export function namespaceState(
  namespace: KubeObject | undefined,
  tenant: TenantIdentity,
  knownUID?: string,
): NamespaceState {
  if (namespace === undefined) return 'Missing';
  const { labels, uid, deletionTimestamp } = namespace.metadata;
  const isLabelled =
    labels?.[LABELS.managedBy] === FIELD_MANAGER &&
    labels[LABELS.tenant] === tenant.name &&
    labels[LABELS.tenantID] === tenant.id;
  if (!isLabelled && (knownUID === undefined || uid !== knownUID)) return 'Foreign';
  return deletionTimestamp === undefined ? 'Ours' : 'Terminating';
}

/** Pods in it, should there ever be any, have to be of the restricted kind. */
export function namespaceLabels(tenant: TenantIdentity): Readonly<Record<string, string>> {
  return { ...childLabels(tenant), 'pod-security.kubernetes.io/enforce': 'restricted' };
}

/** The namespace as it is made: whole, by POST, so that somebody else's is never taken over. */
export function newNamespace(tenant: TenantIdentity, children: string): KubeObject & Applied {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: tenantNamespace(tenant.name),
      labels: namespaceLabels(tenant),
      annotations: { [ANNOTATIONS.children]: children },
    },
  };
}

/** Names the set of children, whatever is in them: one that is missing while it stays was deleted by hand. */
export function setOfChildren(children: readonly DesiredChild[]): string {
  return digestOf(
    children.map(({ resource, object }) => `${resource.kind}/${object.metadata.name}`).toSorted(),
  );
}

/** Our labels that the namespace lacks or has with other values, as it should have them. */
export function labelsToPutBack(
  namespace: KubeObject,
  tenant: TenantIdentity,
): Readonly<Record<string, string>> | undefined {
  const { labels } = namespace.metadata;
  const changed = Object.entries(namespaceLabels(tenant)).filter(([name, value]) => labels?.[name] !== value);
  return changed.length === 0 ? undefined : Object.fromEntries(changed);
}

export function namespaceVerdict(name: string, state: NamespaceState, namespace?: KnownNamespace): Verdict {
  const its = tenantNamespace(name);
  if (state === 'Terminating') {
    const message = [
      `The namespace ${its} is being deleted and is made anew when it is gone.`,
      stuckBy(namespace),
    ];
    return verdict('NamespaceReady', 'False', 'NamespaceTerminating', message.join(' ').trim());
  }
  if (state === 'Foreign') return verdict('NamespaceReady', 'False', 'NamespaceTaken', taken(its, namespace));
  return verdict(
    'NamespaceReady',
    'True',
    'NamespaceReady',
    `The namespace ${its} is there with what belongs into it.`,
  );
}

/** What Kubernetes says is in the way of a namespace's end, and how to find it; empty when it says nothing. */
export function stuckBy(namespace: KnownNamespace | undefined): string {
  if (!namespace?.remaining) return '';
  const { name } = namespace.metadata;
  return (
    `Kubernetes says: ${namespace.remaining} ` +
    `To see one of these, kubectl get <resource> --namespace=${name} --output=yaml; its finalizers say whom it waits for.`
  );
}

function taken(its: string, namespace: KnownNamespace | undefined): string {
  const { labels } = namespace?.metadata ?? {};
  const other = labels?.[LABELS.tenant];
  const whose =
    other === undefined
      ? ''
      : ` It is labelled as that of the Tenant ${other} with the id ${labels?.[LABELS.tenantID]}.`;
  return (
    `A namespace ${its} exists that was not made for this Tenant, and it is not taken over.${whose} ` +
    'Give the Tenant another name: delete it and make it anew. Where nobody needs the namespace, delete that instead.'
  );
}
