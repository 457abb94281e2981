import { TENANT, type TenantSpec, tenantSpecSchema } from '#crds/tenant/tenant.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import { ClusterUnavailable, TenantNotReady } from './configuration-error.ts';
import type { LiveTenant } from './live-tenant.ts';

/** People wait for the answer; a cluster that takes longer is as good as away. */
const DEADLINE_MS = 3_000;

/** What the API server read and answered about this one object. All else says that the cluster cannot be used. */
const ANSWERS = [400, 404, 409, 413, 422];

/** One request to the cluster with a deadline. Throws ClusterUnavailable, or the KubeError of an answer. */
export async function callCluster<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  try {
    return await call(signal);
  } catch (error) {
    if (error instanceof KubeError && ANSWERS.includes(error.status)) throw error;
    if (error instanceof KubeError || signal.aborted) throw new ClusterUnavailable(error);
    throw error;
  }
}

/**
 * The Tenant of this name (null: not seen yet) as it is now. Throws TenantNotReady where there is none, or where it is not
 * (any more) this tenant's; ClusterUnavailable.
 */
export async function readLive(
  kube: Pick<KubeClient, 'get'>,
  { tenantID, name }: { readonly tenantID: string; readonly name: string | null },
): Promise<LiveTenant> {
  if (name === null) throw new TenantNotReady();
  const live = await callCluster((signal) => kube.get<LiveTenant>(TENANT, { name }, signal));
  if (!live || idOf(live) !== tenantID) throw new TenantNotReady();
  return live;
}

function idOf({ spec, status }: LiveTenant): unknown {
  return status?.tenantID ?? spec.tenantID;
}

/** The spec with what an older schema left out. Throws TenantNotReady where this release cannot read it. */
export function specOf({ spec }: LiveTenant): TenantSpec {
  const parsed = tenantSpecSchema.safeParse(spec);
  if (!parsed.success) throw new TenantNotReady(parsed.error);
  return parsed.data;
}
