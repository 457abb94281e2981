import type { Informer } from '#lib/kube/informer.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database, PoolClient } from '../database/database.ts';
import { isUnavailable } from '../database/database-error.ts';
import type { JobQueue } from '../jobs/job-queue.ts';
import type { NotificationOutbox } from '../notifications/notification-outbox.ts';
import { inviteContacts } from './invite-contacts.ts';
import type { ObservedRow, ObservedTenant } from './observed-tenant.ts';
import { readPurged, unearthTenants } from './purged-tenants.ts';

export interface RecordTenantsOptions {
  readonly informer: Pick<Informer<ObservedTenant>, 'get'>;
  /** As the worker role. */
  readonly database: Database;
  /** On-prem: the initial administrator owns every tenant. */
  readonly isOnPrem: boolean;
  readonly jobs: Pick<JobQueue, 'send'>;
  readonly outbox: Pick<NotificationOutbox, 'noteLimits' | 'askAddresses' | 'wake'>;
  readonly log: Logger;
}

/**
 * Keeps a row of each Tenant as it is observed, also of those made with kubectl. That a resource is
 * gone changes nothing here: absence is no order to forget. One whose rows were purged gets none again,
 * while its resource is still to be seen; another Tenant of its id does. Throws DatabaseUnavailable; a row
 * that Postgres will not have is logged and left out.
 */
export async function recordTenants(options: RecordTenantsOptions, names: readonly string[]): Promise<void> {
  const { informer, log } = options;
  const rows = names.flatMap((name) => observed(informer.get(name)));
  try {
    await write(options, rows);
  } catch (error) {
    if (isUnavailable(error)) throw error;
    // One row that Postgres will not have must not keep the others out.
    for (const row of rows) {
      try {
        await write(options, [row]);
      } catch (rowError) {
        if (isUnavailable(rowError)) throw rowError;
        log.error({ err: rowError, tenant: row.row.name }, 'an observed tenant could not be recorded');
      }
    }
  }
}

interface Observation {
  readonly row: ObservedRow;
  /** Of the resource. */
  readonly uid: string;
}

function observed(tenant: ObservedTenant | undefined): Observation[] {
  return tenant?.row === undefined ? [] : [{ row: tenant.row, uid: tenant.metadata.uid ?? '' }];
}

async function write(
  { database, isOnPrem, jobs, outbox }: RecordTenantsOptions,
  rows: readonly Observation[],
): Promise<void> {
  if (rows.length === 0) return;
  await database.transaction(async (client) => {
    // In one order on every replica, so that two of them never lock the same rows crosswise.
    const { current, buried } = await withoutPurged(client, rows);
    const sorted = current.toSorted((a, b) => (a.tenant_id < b.tenant_id ? -1 : 1));
    const changed = await client.query<{ tenant_id: string }>(UPSERT, [JSON.stringify(sorted)]);
    await unearthTenants(client, buried);
    const changedIDs = changed.rows.map((row) => row.tenant_id);
    // A limit that was lowered may be met without a further call.
    await outbox.noteLimits(client, changedIDs);
    await outbox.askAddresses(client, changedIDs);
    const ids = sorted.map((row) => row.tenant_id);
    if (!isOnPrem) {
      await inviteContacts(client, jobs, ids);
      return;
    }
    await client.query(
      `INSERT INTO memberships (tenant_id, user_id, role)
       SELECT tenant_id, user_id, 'Owner' FROM unnest($1::uuid[]) AS tenant_id, users WHERE initial_admin
       ON CONFLICT DO NOTHING`,
      [ids],
    );
  });
  outbox.wake();
}

/** `buried`: those whose id another Tenant was purged with. */
async function withoutPurged(
  client: PoolClient,
  rows: readonly Observation[],
): Promise<{ readonly current: readonly ObservedRow[]; readonly buried: readonly string[] }> {
  const purged = await readPurged(
    client,
    rows.map(({ row }) => row.tenant_id),
  );
  const uidOf = (id: string) => purged.get(id)?.resourceUID;
  const current = rows.filter(({ row, uid }) => uidOf(row.tenant_id) !== uid).map(({ row }) => row);
  const buried = current.map((row) => row.tenant_id).filter((id) => uidOf(id) !== undefined);
  return { current, buried };
}

const UPSERT = `
  INSERT INTO tenants AS t (tenant_id, name, display_name, contact_name, contact_email, plan, limits,
                            transcript_days, recording_days, notifications, source, observed_generation, observed_at)
  SELECT tenant_id, name, display_name, contact_name, contact_email, plan, limits,
         transcript_days, recording_days, notifications, 'Resource', observed_generation, now()
    FROM jsonb_to_recordset($1::jsonb) AS x (
      tenant_id uuid, name text, display_name text, contact_name text, contact_email text,
      plan text, limits jsonb, transcript_days integer, recording_days integer, notifications jsonb,
      observed_generation bigint)
  ON CONFLICT (tenant_id) DO UPDATE SET
    name = excluded.name, display_name = excluded.display_name, contact_name = excluded.contact_name,
    contact_email = excluded.contact_email, plan = excluded.plan, limits = excluded.limits,
    transcript_days = excluded.transcript_days, recording_days = excluded.recording_days,
    notifications = excluded.notifications,
    -- Another receiver has not failed yet.
    webhook_failures = CASE WHEN t.notifications IS DISTINCT FROM excluded.notifications THEN 0 ELSE t.webhook_failures END,
    webhook_paused_until =
      CASE WHEN t.notifications IS NOT DISTINCT FROM excluded.notifications THEN t.webhook_paused_until END,
    observed_generation = excluded.observed_generation, observed_at = now()
  WHERE (t.name, t.display_name, t.contact_name, t.contact_email, t.plan, t.limits, t.transcript_days,
         t.recording_days, t.notifications, t.observed_generation)
        IS DISTINCT FROM
        (excluded.name, excluded.display_name, excluded.contact_name, excluded.contact_email, excluded.plan,
         excluded.limits, excluded.transcript_days, excluded.recording_days, excluded.notifications,
         excluded.observed_generation)
  RETURNING tenant_id`;
