import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { NAMESPACES } from '#lib/kube/resource.ts';
import { changedBy } from '#operator/engine/child-kind.ts';
import { ANNOTATIONS, CHILD_NAMES, FIELD_MANAGER, tenantNamespace } from '#operator/installation/names.ts';
import type { KnownNamespace } from '#operator/world/trimmed.ts';
import type { World } from '#operator/world/world.ts';
import { labelsToPutBack, namespaceState, newNamespace } from './decide-namespace.ts';
import type { TenantIdentity } from './tenant-children.ts';

export interface NamespaceRequest {
  readonly tenant: TenantIdentity;
  /** Of the namespace that was ours before, from the status. */
  readonly knownUID: string | undefined;
  /** The name of the set of children that will be in it. */
  readonly children: string;
  readonly signal: AbortSignal;
}

export type NamespaceResult =
  | { readonly state: 'Terminating' | 'Foreign'; readonly namespace: KnownNamespace }
  | { readonly state: 'Ours'; readonly namespace: KubeObject; readonly change: NamespaceChange | undefined };

/** `Remade`: it was deleted although the Tenant is there. `Corrected`: others had changed our labels. */
export type NamespaceChange =
  | { readonly kind: 'Remade' }
  | { readonly kind: 'Corrected'; readonly labels: readonly string[]; readonly by: string | undefined };

/**
 * Makes the tenant's namespace, and puts back our labels on it. One that is not ours is left alone.
 * Throws KubeErrors.
 */
export async function ensureNamespace(
  request: NamespaceRequest,
  { world, client }: { readonly world: World; readonly client: KubeClient },
): Promise<NamespaceResult> {
  const { tenant, knownUID, children, signal } = request;
  const current = world.namespaces.get(tenantNamespace(tenant.name));
  const state = namespaceState(current, tenant, knownUID);
  if (current === undefined) {
    const options = { fieldManager: FIELD_MANAGER, signal };
    const namespace = await client.create<KubeObject>(NAMESPACES, newNamespace(tenant, children), options);
    world.namespaces.observe(namespace);
    return { state: 'Ours', namespace, change: knownUID === undefined ? undefined : { kind: 'Remade' } };
  }
  if (state === 'Foreign' || state === 'Terminating') return { state, namespace: current };
  const labels = labelsToPutBack(current, tenant);
  if (labels === undefined) return { state: 'Ours', namespace: current, change: undefined };
  // The cache does not keep who wrote what; asked only here, where it matters.
  const live = await client.get<KubeObject>(NAMESPACES, { name: current.metadata.name }, signal);
  const by = live === undefined ? undefined : changedBy(CHILD_NAMES, live.metadata);
  const namespace = await patch(client, current, { labels }, signal);
  world.namespaces.observe(namespace);
  return { state: 'Ours', namespace, change: { kind: 'Corrected', labels: Object.keys(labels), by } };
}

/** Notes on the namespace which children are in it by now. */
export async function noteChildren(
  namespace: KubeObject,
  { children, signal }: Pick<NamespaceRequest, 'children' | 'signal'>,
  { world, client }: { readonly world: World; readonly client: KubeClient },
): Promise<void> {
  if (namespace.metadata.annotations?.[ANNOTATIONS.children] === children) return;
  const annotations = { [ANNOTATIONS.children]: children };
  world.namespaces.observe(await patch(client, namespace, { annotations }, signal));
}

/** The uid keeps the patch from another namespace of the name: that is a Conflict. */
function patch(
  client: KubeClient,
  { metadata: { name, uid } }: KubeObject,
  change: object,
  signal: AbortSignal,
): Promise<KubeObject> {
  return client.mergePatch<KubeObject>(
    NAMESPACES,
    { name },
    { metadata: { uid, ...change } },
    { fieldManager: FIELD_MANAGER, signal },
  );
}
