import { isDeepStrictEqual } from 'node:util';
import { TENANT, type TenantSpec, tenantSpecSchema } from '#crds/tenant/tenant.ts';
import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { isConflict, KubeError } from '#lib/kube/kube-error.ts';
import type { Database } from '../database/database.ts';
import { callCluster, readLive, specOf } from './cluster-call.ts';
import { TenantNotReady, WriteContended } from './configuration-error.ts';
import { CONFIG_MANAGER } from './field-managers.ts';
import { changedFields, readable } from './field-paths.ts';
import { TENANT_SHAPE } from './field-shape.ts';
import { invalidByCluster, invalidBySchema } from './invalid-configuration.ts';
import type { LiveTenant, PartValues } from './live-tenant.ts';
import { type PlannedWrite, planWrite } from './plan-write.ts';
import { type Author, recordWritten } from './record-revision.ts';

export interface WriteDeps {
  readonly kube: Pick<KubeClient, 'get' | 'apply' | 'mergePatch'>;
  /** As the app role. */
  readonly database: Database;
  readonly clock: Clock;
}

export interface WriteRequest {
  readonly tenantID: string;
  /** Of the resource; null where none was seen yet. */
  readonly name: string | null;
  readonly author: Author;
  /**
   * The new values of parts, from the spec as it is now. Called again for each attempt; what it throws ends
   * the write before anything was written.
   */
  readonly change: (spec: TenantSpec) => PartValues;
}

/** Each attempt is spoilt by another write to the same Tenant, so as many as this are many writers at once. */
const ATTEMPTS = 12;
const RETRY = { initialMs: 5, maxMs: 200, jitter: 1 };

/**
 * Changes parts of a tenant's spec by server-side apply, and resolves to the whole spec after it. It is
 * read live, and written only if nobody has written in between; else it is read again.
 *
 * Throws InvalidConfiguration, ManagedElsewhere, WriteContended, TenantNotReady, ClusterUnavailable,
 * DatabaseUnavailable, and what `change` throws. Nothing was written then, but for two of them: after
 * ClusterUnavailable and DatabaseUnavailable all of it may be there, and never a part.
 */
export async function writeConfiguration(deps: WriteDeps, request: WriteRequest): Promise<TenantSpec> {
  for (let attempt = 0; ; attempt += 1) {
    const live = await readLive(deps.kube, request);
    try {
      return await attemptWrite(deps, request, live);
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (attempt + 1 === ATTEMPTS) throw new WriteContended(error);
      await deps.clock.sleep(backoffMs(attempt, RETRY));
    }
  }
}

/** Throws a KubeError `Conflict` when somebody else wrote meanwhile. */
async function attemptWrite(deps: WriteDeps, request: WriteRequest, live: LiveTenant): Promise<TenantSpec> {
  const before = specOf(live);
  const parts = request.change(before);
  const after = tenantSpecSchema.safeParse({ ...before, ...parts });
  if (!after.success) throw invalidBySchema(after.error);
  if (isDeepStrictEqual(before, after.data)) return before;
  const plan = planWrite(live, parts);
  const written = await apply(deps.kube, live, plan);
  const revision = {
    tenantID: request.tenantID,
    tenant: written,
    author: request.author,
    changed: changedFields(TENANT_SHAPE, live.spec, written.spec).map(readable).sort(),
    takeovers: plan.handOver?.takeovers ?? [],
  };
  await deps.database.withTenant(request.tenantID, (client) => recordWritten(client, revision));
  return specOf(written);
}

/** With uid and resourceVersion: neither a newer Tenant nor another of the name is written to, and none is made. */
async function apply(kube: WriteDeps['kube'], live: LiveTenant, plan: PlannedWrite): Promise<LiveTenant> {
  const { name, uid } = live.metadata;
  try {
    const { resourceVersion } = (await takeOver(kube, live, plan)).metadata;
    const tenant = { metadata: { name, uid, resourceVersion }, spec: plan.spec };
    const applied = await callCluster((signal) =>
      kube.apply<LiveTenant>(TENANT, tenant, { fieldManager: CONFIG_MANAGER, signal }),
    );
    if (plan.remains.length === 0) return applied;
    return await patch(kube, applied, { spec: Object.fromEntries(plan.remains.map((part) => [part, null])) });
  } catch (error) {
    throw error instanceof KubeError ? refusalOf(error) : error;
  }
}

/** Writes who owns what, where fields are taken over: no value changes by it. */
async function takeOver(
  kube: WriteDeps['kube'],
  live: LiveTenant,
  { handOver }: PlannedWrite,
): Promise<LiveTenant> {
  if (handOver === undefined) return live;
  return patch(kube, live, { metadata: { managedFields: handOver.managedFields } });
}

function patch(
  kube: WriteDeps['kube'],
  { metadata: { name, uid, resourceVersion } }: LiveTenant,
  change: { readonly metadata?: object; readonly spec?: object },
): Promise<LiveTenant> {
  const body = { ...change, metadata: { ...change.metadata, uid, resourceVersion } };
  return callCluster((signal) =>
    kube.mergePatch<LiveTenant>(TENANT, { name }, body, { fieldManager: CONFIG_MANAGER, signal }),
  );
}

/**
 * What an answer of the API server means. Every conflict is one of versions, also where it names another
 * manager: that one has written since, as what was planned from this version is in conflict with nobody.
 */
function refusalOf(error: KubeError): Error {
  if (error.status === 404) return new TenantNotReady();
  return isConflict(error) ? error : invalidByCluster(error);
}
