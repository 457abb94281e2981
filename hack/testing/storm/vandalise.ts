import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { type KubeObject, keyOf, refOf } from '#lib/kube/kube-object.ts';
import {
  DEPLOYMENTS,
  LIMIT_RANGES,
  NAMESPACES,
  NETWORK_POLICIES,
  PERSISTENT_VOLUME_CLAIMS,
  POD_DISRUPTION_BUDGETS,
  RESOURCE_QUOTAS,
  type Resource,
  ROLE_BINDINGS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
} from '#lib/kube/resource.ts';
import { CHILD_EDITS } from './child-edits.ts';
import type { Vandalism } from './steps.ts';

const MANAGED = 'app.kubernetes.io/managed-by=veralux-operator';
const AS = { fieldManager: 'vandal' };

/** The kinds that an operator may make in a tenant's namespace. */
const TENANT_KINDS: readonly Resource[] = [
  SERVICE_ACCOUNTS,
  SECRETS,
  RESOURCE_QUOTAS,
  LIMIT_RANGES,
  NETWORK_POLICIES,
  ROLE_BINDINGS,
];

/** The kinds that a VoiceRuntime may be made of. */
const RUNTIME_KINDS: readonly Resource[] = [
  SERVICE_ACCOUNTS,
  SECRETS,
  SERVICES,
  POD_DISRUPTION_BUDGETS,
  NETWORK_POLICIES,
  PERSISTENT_VOLUME_CLAIMS,
  DEPLOYMENTS,
];

export interface FoundChild {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** Every child that the operator has made in a tenant's namespace, with its kind. */
export function tenantChildrenIn(admin: KubeClient, namespace: string): Promise<readonly FoundChild[]> {
  return childrenOf(admin, TENANT_KINDS, { namespace, labelSelector: MANAGED });
}

/** Every child of the VoiceRuntime, with its kind. */
export function runtimeChildren(
  admin: KubeClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<readonly FoundChild[]> {
  const labelSelector = `${MANAGED},veralux.io/runtime=${name}`;
  return childrenOf(admin, RUNTIME_KINDS, { namespace, labelSelector });
}

async function childrenOf(
  admin: KubeClient,
  kinds: readonly Resource[],
  select: { readonly namespace: string; readonly labelSelector: string },
): Promise<readonly FoundChild[]> {
  const lists = await Promise.all(
    kinds.map(async (resource) => {
      const { items } = await admin.list<KubeObject>(resource, select);
      return items.map((object) => ({ resource, object }));
    }),
  );
  return lists.flat();
}

/** Harms one of the children; what admission refuses is left undone. */
export async function vandalise(
  admin: KubeClient,
  children: readonly FoundChild[],
  { pick, how }: { readonly pick: number; readonly how: Vandalism },
): Promise<void> {
  const child = children[pick % Math.max(1, children.length)];
  if (child !== undefined) await asFarAsAllowed(() => harm(admin, child, how));
}

/** Takes away what keeps a tenant's pods restricted. */
export async function vandaliseNamespace(admin: KubeClient, namespace: string): Promise<void> {
  if ((await admin.get(NAMESPACES, { name: namespace })) === undefined) return;
  const labels = {
    'pod-security.kubernetes.io/enforce': null,
    'pod-security.kubernetes.io/warn': 'privileged',
  };
  await asFarAsAllowed(() => admin.mergePatch(NAMESPACES, { name: namespace }, { metadata: { labels } }, AS));
}

async function harm(admin: KubeClient, { resource, object }: FoundChild, how: Vandalism): Promise<void> {
  const ref = refOf(keyOf(object.metadata));
  const patch = (body: Readonly<Record<string, unknown>>) => admin.mergePatch(resource, ref, body, AS);
  if (how === 'delete') await admin.delete(resource, ref);
  else if (how === 'edit') await patch(CHILD_EDITS[resource.kind] ?? {});
  else if (how === 'disown') await patch({ metadata: { ownerReferences: null } });
  else {
    const owner = object.metadata.labels?.['veralux.io/runtime'] === undefined ? 'tenant' : 'runtime';
    const labels = { 'app.kubernetes.io/managed-by': null, [`veralux.io/${owner}`]: 'somebody' };
    await patch({ metadata: { labels } });
  }
}

async function asFarAsAllowed(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof KubeError && [403, 404, 409, 422].includes(error.status))) throw error;
  }
}
