import { projectionKeys } from '#crds/projection/keys.ts';
import { profileOf } from '#crds/projection/tenant-profile.ts';
import { TENANT, type Tenant, tenantSchema } from '#crds/tenant/tenant.ts';
import { writeStatus } from '#operator/engine/apply.ts';
import { mergeConditions, type Verdict } from '#operator/engine/conditions.ts';
import type { Outcome, ReconcileContext } from '#operator/engine/controller.ts';
import { addFinalizer } from '#operator/engine/finalizers.ts';
import { FIELD_MANAGER, FINALIZERS, tenantNamespace } from '#operator/installation/names.ts';
import { type Projector, RedisUnavailable, StaleFence } from '#operator/projection/projector.ts';
import { servedVerdict } from '#operator/world/served.ts';
import { tenantIDOf } from '#operator/world/tenant-id.ts';
import { verdict } from '#operator/world/verdict.ts';
import { type RawTenant, runtimeKeyOf } from '#operator/world/world.ts';
import {
  idTaken,
  invalidSpec,
  type ProjectionOutcome,
  profileVerdict,
  runtimeVerdict,
  tenantReady,
  tenantStatus,
} from './decide-tenant.ts';
import { deleteTenant } from './delete-tenant.ts';
import { ensureNamespace } from './ensure-namespace.ts';
import type { TenantDependencies } from './tenant-dependencies.ts';

/** When Redis is away the full pass repairs everything at its return; this only mends the condition. */
const REDIS_RETRY_MS = 15_000;

/** Brings one Tenant's namespace, profile and status to what its spec says. */
export async function reconcileTenant(
  key: string,
  dependencies: TenantDependencies,
  context: ReconcileContext,
): Promise<Outcome> {
  const { world, client } = dependencies;
  const raw = world.tenants.get(key);
  if (raw === undefined) return {};
  if (raw.metadata.deletionTimestamp !== undefined) return deleteTenant(raw, dependencies, context);

  const id = tenantIDOf(world.installationID, raw);
  const holder = world.holderOfID(id);
  if (holder !== undefined && holder.metadata.name !== raw.metadata.name) {
    return refuse(raw, idTaken(id, holder.metadata.name), dependencies);
  }
  const parsed = tenantSchema.safeParse(raw);
  if (!parsed.success) {
    const message = parsed.error.issues
      .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      .join('; ');
    return refuse(raw, verdict('Ready', 'False', 'InvalidSpec', message), dependencies);
  }
  const invalid = invalidSpec(parsed.data.spec);
  if (invalid !== undefined) return refuse(raw, invalid, dependencies);

  const finalizing = { client, resource: TENANT, fieldManager: FIELD_MANAGER };
  await addFinalizer(finalizing, raw, FINALIZERS.tenant);
  return serve(parsed.data, id, dependencies, context);
}

async function serve(
  tenant: Tenant,
  id: string,
  dependencies: TenantDependencies,
  { signal }: ReconcileContext,
): Promise<Outcome> {
  const { world, client, projector, clock } = dependencies;
  const namespace = await ensureNamespace({ name: tenant.metadata.name, id }, dependencies, signal);
  const projection = await project(projector, tenant, id);
  const runtimeKey = runtimeKeyOf(tenant) ?? '';
  const verdicts = [
    namespace,
    profileVerdict(projection, tenant.metadata.generation ?? 0),
    runtimeVerdict(runtimeKey, world.runtimes.get(runtimeKey)),
  ];
  const status = tenantStatus({
    tenant,
    id,
    phoneNumbers: world.numbersByNamespace.count(tenantNamespace(tenant.metadata.name)),
    verdicts: [tenantReady(tenant, verdicts), ...verdicts, servedVerdict('Tenant', tenant.spec)],
    nowMs: clock.now(),
  });
  const object = world.tenants.get(tenant.metadata.name) ?? tenant;
  await writeStatus({ client, resource: TENANT, fieldManager: FIELD_MANAGER, object, status, signal });
  return projection.kind === 'Projected' ? {} : { requeueAfterMs: REDIS_RETRY_MS };
}

async function project(projector: Projector, tenant: Tenant, id: string): Promise<ProjectionOutcome> {
  try {
    await projector.put(projectionKeys.tenant(id), profileOf(tenant, id));
    return { kind: 'Projected' };
  } catch (error) {
    if (error instanceof RedisUnavailable) return { kind: 'RedisUnavailable', message: error.message };
    if (error instanceof StaleFence) return { kind: 'StaleFence', message: error.message };
    throw error;
  }
}

/** Says why nothing is done for this Tenant, and changes nothing else: what is projected stays. */
async function refuse(raw: RawTenant, ready: Verdict, dependencies: TenantDependencies): Promise<Outcome> {
  const { client, clock, events } = dependencies;
  const generation = raw.metadata.generation ?? 0;
  const conditions = mergeConditions(raw.status?.conditions ?? [], [ready], {
    nowMs: clock.now(),
    generation,
  });
  const status = { ...raw.status, observedGeneration: generation, conditions };
  await writeStatus({ client, resource: TENANT, fieldManager: FIELD_MANAGER, object: raw, status });
  events.record(raw, { type: 'Warning', reason: ready.reason, message: ready.message });
  return {};
}
