import { PHONE_NUMBER } from '#crds/phone-number/phone-number.ts';
import { projectionKeys } from '#crds/projection/keys.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import { hasReason, isConflict, KubeError } from '#lib/kube/kube-error.ts';
import { type KubeObject, keyOf, refOf } from '#lib/kube/kube-object.ts';
import { NAMESPACES, type Resource } from '#lib/kube/resource.ts';
import { latestOf } from '#operator/engine/apply.ts';
import { mergeConditions } from '#operator/engine/conditions.ts';
import type { Outcome, ReconcileContext } from '#operator/engine/controller.ts';
import { removeFinalizer } from '#operator/engine/finalizers.ts';
import { FIELD_MANAGER, FINALIZERS, tenantNamespace } from '#operator/installation/names.ts';
import { RedisUnavailable } from '#operator/projection/projector.ts';
import type { RawPhoneNumber, RawTenant } from '#operator/world/raw-objects.ts';
import { tenantIDOf } from '#operator/world/tenant-id.ts';
import { runtimeKeyOf } from '#operator/world/world.ts';
import {
  type Ending,
  endingVerdicts,
  refusedBy,
  saysGone,
  waitsForCalls,
  waitsForData,
  waitsForNamespace,
  waitsForNumbers,
  waitsForRedis,
} from './decide-ending.ts';
import { namespaceState } from './decide-namespace.ts';
import { countLiveCalls, longestCallMs } from './live-calls.ts';
import type { TenantDependencies } from './tenant-dependencies.ts';
import { writeTenantStatus } from './write-tenant-status.ts';

/** Its end is seen by watches; this is for the one that is missed. */
const LOOK_AGAIN_MS = 30_000;
/** The end of a call is told by nobody. */
const CALLS_AGAIN_MS = 5_000;
const REDIS_AGAIN_MS = 15_000;

/**
 * The order of a Tenant's end: calls stop arriving, those in progress end, numbers are kept or released
 * as each says, the namespace goes, and only then our finalizer. Each step waits for the one before.
 * Repeatable; the conditions say what it waits for.
 */
export async function deleteTenant(
  tenant: RawTenant,
  dependencies: TenantDependencies,
  { log }: ReconcileContext,
): Promise<Outcome> {
  if (!(tenant.metadata.finalizers ?? []).includes(FINALIZERS.tenant)) return {};
  const step = await nextStep(tenant, dependencies);
  if (step.againAfterMs !== undefined) {
    await say(tenant, step.ending, dependencies);
    return { requeueAfterMs: step.againAfterMs };
  }
  // Said once before: where the finalizer may not be removed, that stands there instead.
  const wasSaid = saysGone(tenant.status?.conditions);
  if (!wasSaid) await say(tenant, step.ending, dependencies);
  const { client, world } = dependencies;
  const latest = latestOf(world.tenants, tenant);
  try {
    const finalizing = { client, resource: TENANT, fieldManager: FIELD_MANAGER };
    await removeFinalizer(finalizing, latest, FINALIZERS.tenant);
  } catch (error) {
    const words = refusalIn(error);
    if (words === undefined) throw error;
    const what = `remove its finalizer ${FINALIZERS.tenant}, although everything of it in the cluster is gone`;
    await say(latest, refusedBy('Data', what, words), dependencies);
    return { requeueAfterMs: LOOK_AGAIN_MS };
  }
  log.info('the tenant has ended');
  if (wasSaid && latest.metadata.finalizers?.includes(FINALIZERS.data)) {
    await say(tenant, step.ending, dependencies);
  }
  return {};
}

/** The cluster's words where it said no and will say so again; what may pass by itself is thrown on. */
function refusalIn(error: unknown): string | undefined {
  if (!(error instanceof KubeError) || error.retryable || isConflict(error)) return undefined;
  return hasReason(error, 'NotFound') ? undefined : error.message;
}

/** What the end waits for, and when to look again; never again once all is gone. */
interface Step {
  readonly ending: Ending;
  readonly againAfterMs?: number;
}

async function nextStep(tenant: RawTenant, dependencies: TenantDependencies): Promise<Step> {
  try {
    const ending =
      (await stopCalls(tenant, dependencies)) ??
      (await endNumbers(tenant, dependencies)) ??
      (await endNamespace(tenant, dependencies));
    if (ending === undefined) return { ending: waitsForData(tenant) };
    return { ending, againAfterMs: ending.stage === 'Calls' ? CALLS_AGAIN_MS : LOOK_AGAIN_MS };
  } catch (error) {
    if (!(error instanceof RedisUnavailable)) throw error;
    return { ending: waitsForRedis(error), againAfterMs: REDIS_AGAIN_MS };
  }
}

/** Calls stop arriving; then those in progress may end, for as long as a call may last. */
async function stopCalls(tenant: RawTenant, dependencies: TenantDependencies): Promise<Ending | undefined> {
  const { world, projector, redis, clock } = dependencies;
  const { name, deletionTimestamp = '' } = tenant.metadata;
  for (const { status } of numbersOf(tenant, dependencies)) {
    if (status?.number !== undefined) await projector.remove(projectionKeys.did(status.number));
  }
  const id = tenantIDOf(world.installationID, tenant);
  // Of a refused one, profile and calls under this id are those of the Tenant that holds it.
  if (world.holderOfID(id)?.metadata.name !== name) return undefined;
  const profile = projectionKeys.tenant(id);
  await projector.remove(profile);
  const calls = await countLiveCalls(redis, id, clock.now());
  const lastEndMs =
    Date.parse(deletionTimestamp) + longestCallMs(world.runtimes.get(runtimeKeyOf(tenant) ?? ''));
  if (calls > 0 && clock.now() < lastEndMs) return waitsForCalls(calls, lastEndMs);
  // A call in progress that goes to another pod reads what its tenant was; now there is none.
  for (const key of [profile, projectionKeys.tenantTools(id), projectionKeys.tenantKnowledge(id)]) {
    await projector.erase(key);
  }
  return undefined;
}

async function endNumbers(tenant: RawTenant, dependencies: TenantDependencies): Promise<Ending | undefined> {
  const numbers = numbersOf(tenant, dependencies);
  for (const number of numbers) {
    const words = await askToDelete(dependencies, PHONE_NUMBER, number);
    const what = `delete the PhoneNumber ${number.metadata.name}`;
    if (words !== undefined) return refusedBy('Numbers', what, words);
  }
  return numbers.length === 0 ? undefined : waitsForNumbers(numbers);
}

async function endNamespace(
  tenant: RawTenant,
  dependencies: TenantDependencies,
): Promise<Ending | undefined> {
  const { current, isOurs } = namespaceOf(tenant, dependencies);
  if (current === undefined || !isOurs) return undefined;
  const words = await askToDelete(dependencies, NAMESPACES, current);
  if (words === undefined) return waitsForNamespace(current);
  return refusedBy('Namespace', `delete the namespace ${current.metadata.name}`, words);
}

function namespaceOf(tenant: RawTenant, { world }: TenantDependencies) {
  const { name } = tenant.metadata;
  const current = world.namespaces.get(tenantNamespace(name));
  const id = tenantIDOf(world.installationID, tenant);
  return {
    current,
    isOurs: namespaceState(current, { name, id }, tenant.status?.namespaceUID) !== 'Foreign',
  };
}

/** What stands in a namespace that is not ours was never this Tenant's. */
function numbersOf(tenant: RawTenant, dependencies: TenantDependencies): readonly RawPhoneNumber[] {
  const { world } = dependencies;
  if (!namespaceOf(tenant, dependencies).isOurs) return [];
  const keys = world.numbersByNamespace.keys(tenantNamespace(tenant.metadata.name));
  return keys.flatMap((key) => world.phoneNumbers.get(key) ?? []);
}

/**
 * Only this very object: one that was made anew under the name meanwhile is left alone. The cluster's
 * words where it refuses that.
 */
async function askToDelete(
  { client }: TenantDependencies,
  resource: Resource,
  object: KubeObject,
): Promise<string | undefined> {
  const { uid, deletionTimestamp } = object.metadata;
  if (deletionTimestamp !== undefined) return undefined;
  try {
    const ref = refOf(keyOf(object.metadata));
    await client.delete(resource, ref, uid === undefined ? {} : { preconditions: { uid } });
    return undefined;
  } catch (error) {
    const words = refusalIn(error);
    if (words === undefined) throw error;
    return words;
  }
}

async function say(tenant: RawTenant, ending: Ending, dependencies: TenantDependencies): Promise<void> {
  const generation = tenant.metadata.generation ?? 0;
  const conditions = mergeConditions(tenant.status?.conditions ?? [], endingVerdicts(ending), {
    nowMs: dependencies.clock.now(),
    generation,
  });
  const status = { ...tenant.status, observedGeneration: generation, conditions: [...conditions] };
  await writeTenantStatus(tenant, status, dependencies);
}
