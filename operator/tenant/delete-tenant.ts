import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { projectionKeys } from '#crds/projection/keys.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { type KubeObject, refOf } from '#lib/kube/kube-object.ts';
import { NAMESPACES, type Resource } from '#lib/kube/resource.ts';
import { writeStatus } from '#operator/engine/apply.ts';
import { mergeConditions } from '#operator/engine/conditions.ts';
import type { Outcome, ReconcileContext } from '#operator/engine/controller.ts';
import { removeFinalizer } from '#operator/engine/finalizers.ts';
import { FIELD_MANAGER, FINALIZERS, tenantNamespace } from '#operator/installation/names.ts';
import { RedisUnavailable } from '#operator/projection/projector.ts';
import { tenantIDOf } from '#operator/world/tenant-id.ts';
import { verdict } from '#operator/world/verdict.ts';
import type { RawTenant } from '#operator/world/world.ts';
import { namespaceState } from './decide-tenant.ts';
import type { TenantDependencies } from './tenant-dependencies.ts';

/** Its end is seen by watches; this is for the one that is missed. */
const LOOK_AGAIN_MS = 30_000;
const REDIS_RETRY_MS = 15_000;

/**
 * The order of a Tenant's end: calls stop arriving, numbers are kept or released as each says, the
 * namespace goes, and only then the Tenant. Each step waits for the one before. Repeatable.
 */
export async function deleteTenant(
  tenant: RawTenant,
  dependencies: TenantDependencies,
  context: ReconcileContext,
): Promise<Outcome> {
  if (!(tenant.metadata.finalizers ?? []).includes(FINALIZERS.tenant)) return {};
  try {
    return await endTenant(tenant, dependencies, context);
  } catch (error) {
    if (!(error instanceof RedisUnavailable)) throw error;
    await say(tenant, `Calls have to stop arriving first. ${error.message}`, dependencies);
    return { requeueAfterMs: REDIS_RETRY_MS };
  }
}

async function endTenant(
  tenant: RawTenant,
  dependencies: TenantDependencies,
  { log }: ReconcileContext,
): Promise<Outcome> {
  const { world, client, projector } = dependencies;
  const { name } = tenant.metadata;
  const id = tenantIDOf(world.installationID, tenant);
  const namespace = tenantNamespace(name);
  const current = world.namespaces.get(namespace);
  const state = namespaceState(current, { name, id });

  // What stands in a namespace that is not ours was never this Tenant's.
  const numbers = state === 'Foreign' ? [] : world.numbersByNamespace.keys(namespace);
  for (const key of numbers) {
    const number = world.phoneNumbers.get(key);
    const dialled = number?.status?.number;
    if (dialled !== undefined) await projector.remove(projectionKeys.did(dialled));
    if (number !== undefined) await askToDelete(dependencies, PHONE_NUMBER, number);
  }
  if (world.holderOfID(id)?.metadata.name === name) await projector.remove(projectionKeys.tenant(id));
  if (numbers.length > 0) {
    await say(tenant, `Waiting for ${numbers.length} PhoneNumber(s) in ${namespace}.`, dependencies);
    return { requeueAfterMs: LOOK_AGAIN_MS };
  }
  if (current !== undefined && state !== 'Foreign') {
    await askToDelete(dependencies, NAMESPACES, current);
    await say(tenant, `Waiting for the namespace ${namespace} to be gone.`, dependencies);
    return { requeueAfterMs: LOOK_AGAIN_MS };
  }
  const finalizing = { client, resource: TENANT, fieldManager: FIELD_MANAGER };
  await removeFinalizer(finalizing, tenant, FINALIZERS.tenant);
  log.info('the tenant is gone');
  return {};
}

/** Only this very object: one that was made anew under the name meanwhile is left alone. */
async function askToDelete(
  { client }: TenantDependencies,
  resource: Resource,
  object: KubeObject,
): Promise<void> {
  const { uid, name, namespace, deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== undefined) return;
  const ref = refOf(namespace === undefined ? name : `${namespace}/${name}`);
  await client.delete(resource, ref, uid === undefined ? {} : { preconditions: { uid } });
}

async function say(tenant: RawTenant, message: string, { client, clock }: TenantDependencies): Promise<void> {
  const generation = tenant.metadata.generation ?? 0;
  const conditions = mergeConditions(
    tenant.status?.conditions ?? [],
    [verdict('Ready', 'False', 'Deleting', message)],
    { nowMs: clock.now(), generation },
  );
  const status = { ...tenant.status, observedGeneration: generation, conditions };
  await writeStatus({ client, resource: TENANT, fieldManager: FIELD_MANAGER, object: tenant, status });
}
