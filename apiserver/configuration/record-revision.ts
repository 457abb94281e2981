import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { PoolClient } from '../database/database.ts';
import { CONFIG_MANAGER } from './field-managers.ts';
import type { Takeover } from './hand-over.ts';
import type { LiveTenant } from './live-tenant.ts';

/** Whose request a write was. */
export interface Author {
  readonly kind: 'Person' | 'ApiKey';
  readonly id: string;
}

export interface Revision {
  readonly tenantID: string;
  readonly tenant: LiveTenant;
  /** Undefined where the API knows of no person, because it was written with kubectl or by a program. */
  readonly author: Author | undefined;
  readonly managers: readonly string[];
  /** The fields in which it differs from the one before, as people write them. */
  readonly changed: readonly string[];
  readonly takeovers: readonly Takeover[];
}

/** So many names say enough of what was changed. */
const MAX_CHANGED = 100;

/**
 * Keeps the spec that a request of the API wrote, and that it was written: until a replica has seen
 * that generation, it reads this tenant live.
 */
export async function recordWritten(
  client: PoolClient,
  written: Omit<Revision, 'managers' | 'author'> & { readonly author: Author },
): Promise<void> {
  const { uid, generation } = written.tenant.metadata;
  await insertRevision(client, { ...written, managers: [CONFIG_MANAGER] });
  await client.query(
    `UPDATE tenants SET written_uid = $2, written_generation = $3
      WHERE tenant_id = $1 AND (written_uid IS DISTINCT FROM $2 OR written_generation < $3)`,
    [written.tenantID, uid, generation],
  );
}

/**
 * A spec is known by the resource's uid and generation, so recording one again adds nothing, but for its
 * author: who observed it may have been quicker than who wrote it.
 */
export async function insertRevision(client: PoolClient, revision: Revision): Promise<void> {
  const { tenantID, tenant, author, managers, changed, takeovers } = revision;
  const { uid, generation } = tenant.metadata;
  await client.query(
    `INSERT INTO tenant_revisions AS r
       (tenant_id, resource_uid, generation, spec, managers, changed, takeovers, author_kind, author_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (tenant_id, resource_uid, generation) DO UPDATE SET
       author_kind = excluded.author_kind, author_id = excluded.author_id, takeovers = excluded.takeovers
     WHERE excluded.author_id IS NOT NULL`,
    [
      tenantID,
      uid,
      generation,
      JSON.stringify(tenant.spec),
      managers,
      changed.slice(0, MAX_CHANGED),
      JSON.stringify(takeovers),
      author?.kind ?? null,
      author?.id ?? null,
    ],
  );
}

/** What names a spec: another generation, or another resource's, is another spec. */
export interface SpecVersion {
  readonly uid: string;
  readonly generation: number;
}

export function versionOf({ metadata }: KubeObject): SpecVersion | undefined {
  const { uid, generation } = metadata;
  return uid === undefined || generation === undefined ? undefined : { uid, generation };
}
