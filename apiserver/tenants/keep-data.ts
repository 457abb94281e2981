import {
  ADOPT_DATA_ANNOTATION,
  DATA_FINALIZER,
  RETAINED_LABEL,
  retainedName,
  TENANT_FINALIZER,
} from '#crds/tenant/kept-data.ts';
import { TENANT } from '#crds/tenant/tenant.ts';
import type { Informer } from '#lib/kube/informer.ts';
import type { KubeClient } from '#lib/kube/kube-client.ts';
import { hasReason } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { CONFIG_MAPS } from '#lib/kube/resource.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '../database/database.ts';
import type { ObservedTenant } from './observed-tenant.ts';
import { type PurgeOptions, purgeTenant } from './purge-tenant.ts';

export interface KeepDataOptions extends PurgeOptions {
  readonly informer: Pick<Informer<ObservedTenant>, 'get' | 'list'>;
  readonly kube: Pick<KubeClient, 'create' | 'delete' | 'mergePatch'>;
  /** Where the records of kept rows are: the platform's namespace. */
  readonly namespace: string;
  readonly log: Logger;
}

/** Who writes the records and removes the finalizer, as Kubernetes sees it. */
const FIELD_MANAGER = 'veralux-apiserver';

/**
 * Decides what becomes of rows when Tenants end, and lets an annotated one take kept rows up again.
 *
 *   deleted, Retain ─▶ recorded in Postgres ─▶ ConfigMap retained-<id> ─▶ finalizer removed
 *   deleted, Purge  ─▶ recorded in Postgres ─▶ its ledger is read whole ─▶ rows removed ─▶ finalizer removed
 *   living, its id has kept rows: annotated ─▶ they are its own, and the ConfigMap goes
 *                                 else      ─▶ the ConfigMap is there (made again if it was lost)
 *
 * A Tenant that never got an id of its own (a copy whose id another one has), or whose id another one holds by
 * now, ends without any of this. Each step is repeatable, so that it can be killed anywhere. What one Tenant
 * cannot do yet holds no other up. Throws KubeError, DatabaseUnavailable, LedgerUnread and what Redis throws, of
 * several Tenants in an AggregateError.
 */
export async function keepData(options: KeepDataOptions, names: readonly string[]): Promise<void> {
  const tenants = names.flatMap((name) => options.informer.get(name) ?? []);
  const kept = await readKept(
    options.database,
    tenants.flatMap(({ row }) => row?.tenant_id ?? []),
  );
  const holders = tenants.some(({ deletion }) => deletion !== undefined)
    ? holdersOf(options.informer)
    : new Map<string, Set<string>>();
  const failures: unknown[] = [];
  for (const tenant of tenants) {
    try {
      if (tenant.deletion !== undefined) await end(options, tenant, holders);
      else if (tenant.row !== undefined) await meetKept(options, tenant, kept.get(tenant.row.tenant_id));
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 1)
    throw new AggregateError(failures, 'the data of several tenants is not settled yet');
  if (failures.length === 1) throw failures[0];
}

interface KeptRow {
  readonly tenant_id: string;
  readonly name: string | null;
  readonly deleted_at: Date;
}

async function readKept(database: Database, ids: readonly string[]): Promise<ReadonlyMap<string, KeptRow>> {
  if (ids.length === 0) return new Map();
  const rows = await database.query<KeptRow>(
    'SELECT tenant_id, name, deleted_at FROM tenants WHERE tenant_id = ANY($1) AND deleted_at IS NOT NULL',
    [ids],
  );
  return new Map(rows.map((row) => [row.tenant_id, row]));
}

/** By id, the names of the Tenants that have it in their status: the operator gives an id to one alone. */
function holdersOf(informer: KeepDataOptions['informer']): ReadonlyMap<string, Set<string>> {
  const holders = new Map<string, Set<string>>();
  for (const { tenantID, metadata } of informer.list()) {
    if (tenantID === undefined) continue;
    const names = holders.get(tenantID);
    if (names) names.add(metadata.name);
    else holders.set(tenantID, new Set([metadata.name]));
  }
  return holders;
}

async function end(
  options: KeepDataOptions,
  tenant: ObservedTenant,
  holders: ReadonlyMap<string, Set<string>>,
): Promise<void> {
  const { name, uid = '', finalizers = [] } = tenant.metadata;
  // Until the operator has let go, calls may still end and write rows.
  if (!finalizers.includes(DATA_FINALIZER) || finalizers.includes(TENANT_FINALIZER)) return;
  const { tenantID, deletion: policy } = tenant;
  const names = holders.get(tenantID ?? '') ?? new Set();
  names.delete(name);
  if (tenantID === undefined || policy === undefined || names.size > 0) {
    options.log.warn(
      { tenantID, tenant: name },
      'a deleted tenant held no id, and no rows are settled with it',
    );
  } else {
    await settle(options, { tenantID, name, uid, policy });
  }
  await removeFinalizer(options, tenant);
}

/** Records what was asked for before anything is done about it. A Tenant without rows needs no record. */
async function settle(
  options: KeepDataOptions,
  tenant: Pick<ObservedTenant['metadata'], 'name'> & {
    readonly tenantID: string;
    readonly uid: string;
    readonly policy: 'Retain' | 'Purge';
  },
): Promise<void> {
  const { database, log } = options;
  const { tenantID, name, uid, policy } = tenant;
  const [row] = await database.query<KeptRow & { readonly closed_by: string | null }>(
    `UPDATE tenants SET deleted_at = COALESCE(deleted_at, now()), deletion_policy = $2
      WHERE tenant_id = $1 RETURNING tenant_id, name, deleted_at, closed_by`,
    [tenantID, policy],
  );
  if (row === undefined) return;
  if (policy === 'Purge') {
    await purgeTenant(options, { tenantID, uid });
    // The log alone still says who asked for it.
    const closedBy = row.closed_by;
    log.info({ tenantID, tenant: name, closedBy }, 'the rows of a deleted tenant are purged');
  } else {
    await createRecord(options, { ...row, name });
    log.info({ tenantID, tenant: name }, 'the rows of a deleted tenant are kept');
  }
}

/** With uid and resourceVersion: what changed since it was observed gives a conflict and is looked at again. */
async function removeFinalizer({ kube }: KeepDataOptions, tenant: ObservedTenant): Promise<void> {
  const { name, uid, resourceVersion } = tenant.metadata;
  const finalizers = (tenant.metadata.finalizers ?? []).filter((other) => other !== DATA_FINALIZER);
  const patch = { metadata: { uid, resourceVersion, finalizers } };
  await kube.mergePatch(TENANT, { name }, patch, { fieldManager: FIELD_MANAGER }).catch(unless('NotFound'));
}

async function meetKept(
  options: KeepDataOptions,
  tenant: ObservedTenant,
  kept: KeptRow | undefined,
): Promise<void> {
  if (kept === undefined) return;
  const { kube, database, namespace, log } = options;
  const tenantID = kept.tenant_id;
  if (tenant.adopts !== true) {
    log.warn(
      { tenantID, tenant: tenant.metadata.name, annotation: ADOPT_DATA_ANNOTATION },
      'a tenant meets the kept rows of a deleted one',
    );
    await createRecord(options, kept);
    return;
  }
  await database.query(
    `UPDATE tenants SET deleted_at = NULL, deletion_policy = NULL,
                        closed_at = NULL, closing_policy = NULL, closing_uid = NULL, closed_by = NULL
      WHERE tenant_id = $1`,
    [tenantID],
  );
  await kube.delete(CONFIG_MAPS, { name: retainedName(tenantID), namespace });
  log.info({ tenantID, tenant: tenant.metadata.name }, 'a tenant took up the rows of a deleted one');
}

async function createRecord({ kube, namespace }: KeepDataOptions, row: KeptRow): Promise<void> {
  const record = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: retainedName(row.tenant_id), namespace, labels: { [RETAINED_LABEL]: 'true' } },
    data: { tenantID: row.tenant_id, name: row.name ?? '', deletedAt: row.deleted_at.toISOString() },
  } satisfies KubeObject & { data: object };
  await kube.create(CONFIG_MAPS, record, { fieldManager: FIELD_MANAGER }).catch(unless('AlreadyExists'));
}

/** Lets one answer of the API server pass as what was wanted. */
function unless(reason: string): (error: unknown) => void {
  return (error) => {
    if (!hasReason(error, reason)) throw error;
  };
}
