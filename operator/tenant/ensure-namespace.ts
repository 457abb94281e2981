import type { KubeClient } from '#lib/kube/kube-client.ts';
import { isConflict, KubeError } from '#lib/kube/kube-error.ts';
import { NAMESPACES, SERVICE_ACCOUNTS } from '#lib/kube/resource.ts';
import { applyIfDiffers } from '#operator/engine/apply.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import { FIELD_MANAGER, tenantNamespace } from '#operator/installation/names.ts';
import type { World } from '#operator/world/world.ts';
import { namespaceState, namespaceVerdict } from './decide-tenant.ts';
import { desiredNamespace, desiredServiceAccount, newNamespace, SERVICE_ACCOUNT } from './tenant-children.ts';

/**
 * Makes the tenant's namespace and what belongs into it, and puts right what was changed in them.
 * A namespace that is not ours is left alone. Throws what is worth trying again.
 */
export async function ensureNamespace(
  tenant: { readonly name: string; readonly id: string },
  dependencies: { readonly world: World; readonly client: KubeClient },
  signal: AbortSignal,
): Promise<Verdict> {
  const { world, client } = dependencies;
  const name = tenantNamespace(tenant.name);
  const current = world.namespaces.get(name);
  const state = namespaceState(current, tenant);
  if (state === 'Foreign' || state === 'Terminating') return namespaceVerdict(tenant.name, state);
  const common = { client, fieldManager: FIELD_MANAGER, signal };
  try {
    const namespace =
      current ??
      (await client.create(NAMESPACES, newNamespace(tenant), { fieldManager: FIELD_MANAGER, signal }));
    await applyIfDiffers({
      ...common,
      resource: NAMESPACES,
      desired: desiredNamespace(tenant),
      current: namespace,
    });
    await applyIfDiffers({
      ...common,
      resource: SERVICE_ACCOUNTS,
      desired: desiredServiceAccount(tenant),
      current: world.serviceAccounts.get(`${name}/${SERVICE_ACCOUNT}`),
    });
    return namespaceVerdict(tenant.name, 'Ours');
  } catch (error) {
    if (!(error instanceof KubeError) || error.retryable || isConflict(error)) throw error;
    // The namespace appeared, or began to go, after the cache was read: look again.
    if (error.reason === 'AlreadyExists' || isTerminating(error)) throw error;
    return namespaceVerdict(tenant.name, state, error.message);
  }
}

/** The API server answers 403 to a creation in a namespace that is going away. */
function isTerminating(error: KubeError): boolean {
  return error.causes.includes('NamespaceTerminating');
}
