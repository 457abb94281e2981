import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { type KubeObject, keyOf, refOf } from '#lib/kube/kube-object.ts';
import {
  LIMIT_RANGES,
  NAMESPACES,
  NETWORK_POLICIES,
  RESOURCE_QUOTAS,
  type Resource,
  ROLE_BINDINGS,
  SECRETS,
  SERVICE_ACCOUNTS,
} from '#lib/kube/resource.ts';
import { CHILD_EDITS } from './child-edits.ts';
import type { Vandalism } from './steps.ts';

const MANAGED = 'app.kubernetes.io/managed-by=veralux-operator';
const AS = { fieldManager: 'vandal' };

/** The kinds that an operator may make in a tenant's namespace. */
const CHILD_KINDS: readonly Resource[] = [
  SERVICE_ACCOUNTS,
  SECRETS,
  RESOURCE_QUOTAS,
  LIMIT_RANGES,
  NETWORK_POLICIES,
  ROLE_BINDINGS,
];

/** Every child that the operator has made in the namespace, with its kind. */
export async function childrenOf(
  admin: KubeClient,
  namespace: string,
): Promise<readonly { readonly resource: Resource; readonly object: KubeObject }[]> {
  const lists = await Promise.all(
    CHILD_KINDS.map(async (resource) => {
      const { items } = await admin.list<KubeObject>(resource, { namespace, labelSelector: MANAGED });
      return items.map((object) => ({ resource, object }));
    }),
  );
  return lists.flat();
}

/** Deletes or edits one of the children, or the namespace itself; what admission refuses is left undone. */
export async function vandalise(
  admin: KubeClient,
  namespace: string,
  { pick, how }: { readonly pick: number; readonly how: Vandalism },
): Promise<void> {
  const children = await childrenOf(admin, namespace);
  const child = children[pick % (children.length + 1)];
  try {
    if (child !== undefined) await harm(admin, child, how);
    else if ((await admin.get(NAMESPACES, { name: namespace })) !== undefined) {
      const labels = {
        'pod-security.kubernetes.io/enforce': null,
        'pod-security.kubernetes.io/warn': 'privileged',
      };
      await admin.mergePatch(NAMESPACES, { name: namespace }, { metadata: { labels } }, AS);
    }
  } catch (error) {
    if (!(error instanceof KubeError && [403, 404, 409, 422].includes(error.status))) throw error;
  }
}

async function harm(
  admin: KubeClient,
  { resource, object }: { readonly resource: Resource; readonly object: KubeObject },
  how: Vandalism,
): Promise<void> {
  const ref = refOf(keyOf(object.metadata));
  if (how === 'delete') await admin.delete(resource, ref);
  else if (how === 'edit') await admin.mergePatch(resource, ref, CHILD_EDITS[resource.kind] ?? {}, AS);
  else {
    const labels = { 'app.kubernetes.io/managed-by': null, 'veralux.io/tenant': 'somebody' };
    await admin.mergePatch(resource, ref, { metadata: { labels } }, AS);
  }
}
