import { TENANT } from '#crds/tenant/tenant.ts';
import type { Informer } from '#lib/kube/informer.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { ManagedFieldsEntry } from '#lib/kube/kube-object.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '../database/database.ts';
import { isUnavailable } from '../database/database-error.ts';
import type { ObservedTenant } from '../tenants/observed-tenant.ts';
import { changedFields, type FieldPath, readable } from './field-paths.ts';
import { TENANT_SHAPE } from './field-shape.ts';
import type { LiveTenant } from './live-tenant.ts';
import { ownedFields } from './managed-fields.ts';
import { insertRevision, type SpecVersion, versionOf } from './record-revision.ts';

export interface RecordObservedOptions {
  readonly informer: Pick<Informer<ObservedTenant>, 'get'>;
  readonly kube: Pick<KubeClient, 'get'>;
  /** As the worker role. */
  readonly database: Database;
  /** Makes sure that these Tenants have their rows. */
  readonly recordTenants: (names: readonly string[]) => Promise<void>;
  readonly log: Logger;
}

interface SeenTenant extends SpecVersion {
  readonly name: string;
  readonly tenantID: string;
}

/**
 * Keeps the spec of each of these Tenants as it is now, with who changed which fields since the one
 * before. What is kept already, as after every write of the API, costs one query for all of them. Of
 * several changes in the few milliseconds that this takes, the last is kept.
 * Throws KubeError and DatabaseUnavailable; what Postgres will not have is logged and left out.
 */
export async function recordObserved(
  options: RecordObservedOptions,
  names: readonly string[],
): Promise<void> {
  const missing = await withoutKept(
    options.database,
    names.flatMap((name) => seen(options, name)),
  );
  if (missing.length === 0) return;
  await options.recordTenants(missing.map(({ name }) => name));
  for (const tenant of missing) {
    try {
      await record(options, tenant);
    } catch (error) {
      if (error instanceof KubeError || isUnavailable(error)) throw error;
      options.log.error({ err: error, tenant: tenant.name }, 'what a tenant was could not be recorded');
    }
  }
}

function seen({ informer }: RecordObservedOptions, name: string): SeenTenant[] {
  const tenant = informer.get(name);
  const version = tenant && versionOf(tenant);
  return tenant?.row && version ? [{ ...version, name, tenantID: tenant.row.tenant_id }] : [];
}

async function withoutKept(database: Database, tenants: readonly SeenTenant[]): Promise<SeenTenant[]> {
  if (tenants.length === 0) return [];
  const rows = await database.query<{ name: string }>(
    `SELECT x.name FROM unnest($1::text[], $2::uuid[], $3::uuid[], $4::bigint[]) AS x (name, tenant_id, uid, generation)
      WHERE NOT EXISTS (SELECT FROM tenant_revisions r WHERE r.tenant_id = x.tenant_id
                           AND r.resource_uid = x.uid AND r.generation = x.generation)`,
    [
      tenants.map(({ name }) => name),
      tenants.map(({ tenantID }) => tenantID),
      tenants.map(({ uid }) => uid),
      tenants.map(({ generation }) => generation),
    ],
  );
  const missing = new Set(rows.map(({ name }) => name));
  return tenants.filter(({ name }) => missing.has(name));
}

async function record({ kube, database }: RecordObservedOptions, seen: SeenTenant): Promise<void> {
  const live = await kube.get<LiveTenant>(TENANT, { name: seen.name });
  // One that was deleted and made anew is told of by the informer, with an id of its own.
  if (live?.metadata.uid !== seen.uid) return;
  await database.transaction(async (client) => {
    const { rows } = await client.query<{ spec: unknown }>(
      `SELECT spec FROM tenant_revisions WHERE tenant_id = $1 ORDER BY recorded_at DESC, generation DESC LIMIT 1`,
      [seen.tenantID],
    );
    const before = rows[0]?.spec;
    const changed = changedFields(TENANT_SHAPE, before, live.spec);
    await insertRevision(client, {
      tenantID: seen.tenantID,
      tenant: live,
      author: undefined,
      managers: managersOf(live.metadata.managedFields ?? [], changed),
      changed: changed.map(readable).sort(),
      takeovers: [],
    });
  });
}

/**
 * Who owns a field that changed. What was removed nobody owns any more: then it is who wrote last, as
 * far as times tell, which are whole seconds.
 */
function managersOf(entries: readonly ManagedFieldsEntry[], changed: readonly FieldPath[]): string[] {
  const spec = entries
    .map((entry) => ({ manager: entry.manager ?? '', time: entry.time ?? '', owned: ownedFields(entry) }))
    .filter(({ owned }) => owned.size > 0);
  const owners = spec.filter(({ owned }) => changed.some((path) => owned.has(path)));
  const latest = spec
    .map(({ time }) => time)
    .sort()
    .at(-1);
  const writers = owners.length > 0 ? owners : spec.filter(({ time }) => time === latest);
  return [...new Set(writers.map(({ manager }) => manager))].sort();
}
