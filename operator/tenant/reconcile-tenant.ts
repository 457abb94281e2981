import { projectionKeys } from '#crds/projection/keys.ts';
import { profileOf } from '#crds/projection/tenant-profile.ts';
import { TENANT, type Tenant } from '#crds/tenant/tenant.ts';
import { latestOf } from '#operator/engine/apply.ts';
import { isTrue, mergeConditions, type Verdict } from '#operator/engine/conditions.ts';
import type { Outcome, ReconcileContext } from '#operator/engine/controller.ts';
import { addFinalizer } from '#operator/engine/finalizers.ts';
import {
  ANNOTATIONS,
  FIELD_MANAGER,
  FINALIZERS,
  TENANT_KEYS,
  tenantNamespace,
} from '#operator/installation/names.ts';
import { type Projector, RedisUnavailable, StaleFence } from '#operator/projection/projector.ts';
import { LOOK_AGAIN_MS, projectReferences } from '#operator/references/project-references.ts';
import type { RawTenant } from '#operator/world/raw-objects.ts';
import { runtimeKeyOf } from '#operator/world/world.ts';
import {
  type ProjectionOutcome,
  profileVerdict,
  runtimeVerdict,
  tenantReady,
  tenantStatus,
} from './decide-tenant.ts';
import { deleteTenant } from './delete-tenant.ts';
import { ensureHome } from './ensure-home.ts';
import { judgeTenant } from './judge-tenant.ts';
import { servedTenant } from './served-tenant.ts';
import type { TenantDependencies } from './tenant-dependencies.ts';
import { secretsDue } from './tenant-secrets.ts';
import { writeTenantStatus } from './write-tenant-status.ts';

/**
 * Nobody tells when what was refused once would be taken: by the cluster, whose quota or policy changed or
 * where a stranger's object went, or by Redis, for one write that failed alone. At the return of a Redis that
 * was away the full pass repairs everything.
 */
const REFUSED: ReadonlySet<string> = new Set(['ApplyFailed', 'ChildTaken']);

/** Brings one Tenant's namespace, profile and status to what its spec says. */
export async function reconcileTenant(
  key: string,
  dependencies: TenantDependencies,
  context: ReconcileContext,
): Promise<Outcome> {
  const { world, client, retries } = dependencies;
  const raw = world.tenants.get(key);
  if (raw === undefined) {
    retries.forget(key);
    return {};
  }
  if (raw.metadata.deletionTimestamp !== undefined) return deleteTenant(raw, dependencies, context);

  const judgement = judgeTenant(raw, world);
  if ('refusal' in judgement) return refuse(raw, judgement.refusal, dependencies);
  const { tenant, id } = judgement;

  const finalizing = { client, resource: TENANT, fieldManager: FIELD_MANAGER };
  const held = await addFinalizer(finalizing, raw, FINALIZERS.tenant, FINALIZERS.data);
  if (held !== raw) world.tenants.observe(held);
  return serve({ raw, tenant, id }, dependencies, context);
}

interface Served {
  readonly raw: RawTenant;
  readonly tenant: Tenant;
  readonly id: string;
}

async function serve(
  { raw, tenant, id }: Served,
  dependencies: TenantDependencies,
  { signal }: ReconcileContext,
): Promise<Outcome> {
  const { world, projector, clock, events, retries, rotationDays, pace } = dependencies;
  const { name, annotations, generation = 0 } = raw.metadata;
  const known = raw.status;
  const secrets = secretsDue(
    {
      known: known?.secrets,
      made: world.madeSecrets(tenantNamespace(name)),
      request: annotations?.[ANNOTATIONS.rotateSecrets],
    },
    { nowMs: clock.now(), rotationDays, mayRotate: () => pace.take() },
  );
  const home = ensureHome(
    {
      tenant: { name, id },
      spec: tenant.spec,
      secrets,
      knownUID: known?.namespaceUID,
      wasComplete: isTrue(known?.conditions, 'NamespaceReady'),
      signal,
      tell: (note) => events.record(raw, note),
    },
    dependencies,
  );
  const [{ verdict: namespaceReady, namespaceUID, againAfterMs }, projection] = await Promise.all([
    home,
    project(projector, tenant, id),
  ]);
  const references = await projectReferences({ tenant, id }, dependencies);
  if (known?.secrets !== undefined && known.secrets.generation < secrets.generation) {
    const message = `Secret ${TENANT_KEYS} has generation ${secrets.generation}; the previous one is in it too.`;
    events.record(raw, { type: 'Normal', reason: 'SecretsRotated', message });
  }
  const runtimeKey = runtimeKeyOf(tenant) ?? '';
  const runtime = world.runtimes.get(runtimeKey);
  const verdicts = [
    namespaceReady,
    profileVerdict(projection, generation),
    runtimeVerdict(runtimeKey, runtime),
    ...(references === undefined ? [] : [references]),
  ];
  const status = tenantStatus({
    tenant,
    id,
    phoneNumbers: world.numbersByNamespace.count(tenantNamespace(name)),
    namespaceUID,
    secrets,
    verdicts: [tenantReady(tenant, verdicts), ...verdicts, servedTenant(tenant, runtimeKey, runtime)],
    nowMs: clock.now(),
  });
  await writeTenantStatus(latestOf(world.tenants, raw), status, dependencies, signal);
  const refused = [
    ...(REFUSED.has(namespaceReady.reason) ? [namespaceReady.message] : []),
    ...(projection.kind === 'Projected' ? [] : [projection.message]),
    ...(references?.reason === 'RedisUnavailable' ? [references.message] : []),
  ].join(' ');
  if (refused === '') retries.forget(name);
  const retryAfterMs = refused === '' ? undefined : retries.nextMs(name, refused);
  const lookAgainMs = references === undefined ? undefined : LOOK_AGAIN_MS;
  const times = [retryAfterMs, againAfterMs, lookAgainMs].filter((one) => one !== undefined);
  // It may be all tenants that wait, and what is new comes before them.
  return times.length === 0 ? {} : { requeueAfterMs: Math.min(...times), priority: 'Low' };
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
  const { clock, events } = dependencies;
  const generation = raw.metadata.generation ?? 0;
  const conditions = mergeConditions(raw.status?.conditions ?? [], [ready], {
    nowMs: clock.now(),
    generation,
  });
  await writeTenantStatus(
    raw,
    { ...raw.status, observedGeneration: generation, conditions: [...conditions] },
    dependencies,
  );
  events.record(raw, { type: 'Warning', reason: ready.reason, message: ready.message });
  return {};
}
