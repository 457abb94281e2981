import { type TenantSpec, tenantSpecSchema } from '#crds/tenant/tenant.ts';
import type { Informer } from '#lib/kube/informer.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { Database, PoolClient } from '../database/database.ts';
import { readLive, specOf } from './cluster-call.ts';
import { type SpecVersion, versionOf } from './record-revision.ts';

export interface ReadDeps {
  readonly kube: Pick<KubeClient, 'get'>;
  /** As the app role. */
  readonly database: Database;
  readonly informer: Pick<Informer<KubeObject>, 'get'>;
}

interface TenantRow {
  readonly name: string | null;
  readonly written_uid: string | null;
  readonly written_generation: string | null;
}

/**
 * A tenant's spec, never older than what any replica's API wrote of it. It comes from the kept revisions
 * where this replica's informer has seen what was written last, and is read live where it has not.
 * Throws TenantNotReady, ClusterUnavailable.
 */
export async function readConfiguration(deps: ReadDeps, tenantID: string): Promise<TenantSpec> {
  const { name, kept } = await deps.database.readAsTenant(tenantID, async (client) => {
    const { rows } = await client.query<TenantRow>(
      'SELECT name, written_uid, written_generation FROM tenants WHERE tenant_id = $1',
      [tenantID],
    );
    const row = rows[0];
    const seen = row && seenVersion(deps, row);
    return { name: row?.name ?? null, kept: seen && (await readKept(client, tenantID, seen)) };
  });
  return kept ?? specOf(await readLive(deps.kube, { tenantID, name }));
}

/** The version that the informer has, unless a later one, or one of another resource, was written. */
function seenVersion({ informer }: ReadDeps, written: TenantRow): SpecVersion | undefined {
  const tenant = written.name === null ? undefined : informer.get(written.name);
  const seen = tenant && versionOf(tenant);
  if (!seen || written.written_uid === null) return seen;
  const isBehind = seen.uid !== written.written_uid || seen.generation < Number(written.written_generation);
  return isBehind ? undefined : seen;
}

/** Undefined until it was recorded, and where this release cannot read it. */
async function readKept(
  client: PoolClient,
  tenantID: string,
  { uid, generation }: SpecVersion,
): Promise<TenantSpec | undefined> {
  const { rows } = await client.query<{ spec: unknown }>(
    'SELECT spec FROM tenant_revisions WHERE tenant_id = $1 AND resource_uid = $2 AND generation = $3',
    [tenantID, uid, generation],
  );
  return rows[0] === undefined ? undefined : tenantSpecSchema.safeParse(rows[0].spec).data;
}
