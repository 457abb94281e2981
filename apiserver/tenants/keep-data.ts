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
import { purgeRows } from './purge-rows.ts';

export interface KeepDataOptions {
  readonly informer: Pick<Informer<ObservedTenant>, 'get'>;
  readonly kube: Pick<KubeClient, 'create' | 'delete' | 'mergePatch'>;
  /** As the worker role. */
  readonly database: Database;
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
 *   deleted, Purge  ─▶ recorded in Postgres ─▶ rows removed            ─▶ finalizer removed
 *   living, its id has kept rows: annotated ─▶ they are its own, and the ConfigMap goes
 *                                 else      ─▶ the ConfigMap is there (made again if it was lost)
 *
 * Each step is repeatable, so that it can be killed anywhere. Throws KubeError and DatabaseUnavailable.
 */
export async function keepData(options: KeepDataOptions, names: readonly string[]): Promise<void> {
  const tenants = names.flatMap((name) => options.informer.get(name) ?? []);
  const kept = await readKept(
    options.database,
    tenants.flatMap(({ row }) => row?.tenant_id ?? []),
  );
  for (const tenant of tenants) {
    if (tenant.deletion !== undefined) await end(options, tenant);
    else if (tenant.row !== undefined) await meetKept(options, tenant, kept.get(tenant.row.tenant_id));
  }
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

async function end(options: KeepDataOptions, tenant: ObservedTenant): Promise<void> {
  const { name, finalizers = [] } = tenant.metadata;
  // Until the operator has let go, calls may still end and write rows.
  if (!finalizers.includes(DATA_FINALIZER) || finalizers.includes(TENANT_FINALIZER)) return;
  const { tenantID, policy } = tenant.deletion ?? {};
  if (tenantID !== undefined && policy !== undefined) await settle(options, { tenantID, name, policy });
  await removeFinalizer(options, tenant);
}

/** Records what was asked for before anything is done about it. A Tenant without rows needs no record. */
async function settle(
  options: KeepDataOptions,
  tenant: { readonly tenantID: string; readonly name: string; readonly policy: 'Retain' | 'Purge' },
): Promise<void> {
  const { database, log } = options;
  const { tenantID, name, policy } = tenant;
  const [row] = await database.query<KeptRow>(
    `UPDATE tenants SET deleted_at = COALESCE(deleted_at, now()), deletion_policy = $2
      WHERE tenant_id = $1 RETURNING tenant_id, name, deleted_at`,
    [tenantID, policy],
  );
  if (row === undefined) return;
  if (policy === 'Purge') {
    await purgeRows(database, tenantID);
    log.info({ tenantID, tenant: name }, 'the rows of a deleted tenant are purged');
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
  await database.query('UPDATE tenants SET deleted_at = NULL, deletion_policy = NULL WHERE tenant_id = $1', [
    tenantID,
  ]);
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
