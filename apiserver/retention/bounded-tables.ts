import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Database } from '../database/database.ts';
import { PeriodicWork } from '../database/periodic-work.ts';

/** For how many days, and how many of them at most. */
export interface Bound {
  readonly days: number;
  readonly rows: number;
}

export interface Bounds {
  readonly ledgerRejects: Bound;
  /** `rows`: of each tenant. */
  readonly revisions: Bound;
  readonly notifications: Pick<Bound, 'days'>;
  readonly auditEvents: Pick<Bound, 'days'>;
}

export interface BoundedTablesOptions {
  /** As the worker role. */
  readonly database: Database;
  readonly bounds: Bounds;
  readonly clock: Clock;
  readonly log: Logger;
}

const PERIOD_MS = 600_000;
/** So few that a statement stays far below the time it may take. */
const BATCH_ROWS = 2_000;

/**
 * Keeps what only ever grows within an age and a number: entries that were set aside, revisions, notifications and the
 * addresses that they went to, the audit log.
 */
export class BoundedTables extends PeriodicWork {
  constructor({ database, bounds, clock, log }: BoundedTablesOptions) {
    super({
      name: 'bounded tables',
      periodMs: PERIOD_MS,
      async round(signal) {
        for (const { text, values } of statementsOf(bounds)) {
          while (!signal.aborted && ((await database.execute(text, values)).rowCount ?? 0) === BATCH_ROWS);
        }
      },
      putOff: 'what is kept for a time could not be deleted yet',
      clock,
      log,
    });
  }
}

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Each deletes a batch. Several servers may do it at once. */
function statementsOf({
  ledgerRejects,
  revisions,
  notifications,
  auditEvents,
}: Bounds): readonly Statement[] {
  return [
    { text: REJECTS, values: [ledgerRejects.days, ledgerRejects.rows] },
    { text: REVISIONS_BY_AGE, values: [revisions.days] },
    { text: REVISIONS_BY_NUMBER, values: [revisions.rows] },
    { text: olderThan('notifications', 'created_at'), values: [notifications.days] },
    { text: ADDRESSES, values: [notifications.days] },
    { text: olderThan('audit_events', 'occurred_at'), values: [auditEvents.days] },
  ];
}

function olderThan(table: string, time: string): string {
  return `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM ${table} WHERE ${time} < now() - make_interval(days => $1) LIMIT ${BATCH_ROWS}))`;
}

const REJECTS = `DELETE FROM ledger_rejects WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM ledger_rejects
   WHERE rejected_at < greatest(now() - make_interval(days => $1),
           (SELECT rejected_at FROM ledger_rejects ORDER BY rejected_at DESC OFFSET $2 - 1 LIMIT 1))
   LIMIT ${BATCH_ROWS}))`;

/** The latest of a tenant stays whatever its age: it is what the tenant is now. */
const REVISIONS_BY_AGE = `DELETE FROM tenant_revisions WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM tenant_revisions r
   WHERE recorded_at < now() - make_interval(days => $1)
     AND EXISTS (SELECT FROM tenant_revisions later
                  WHERE later.tenant_id = r.tenant_id AND later.recorded_at > r.recorded_at)
   LIMIT ${BATCH_ROWS}))`;

/** One that is still named stays, as does what it was asked. */
const ADDRESSES = `DELETE FROM notification_addresses WHERE ctid = ANY (ARRAY(
  SELECT a.ctid FROM notification_addresses a JOIN tenants t USING (tenant_id)
   WHERE a.created_at < now() - make_interval(days => $1)
     AND NOT coalesce(t.notifications -> 'emails' ? a.address, false)
   LIMIT ${BATCH_ROWS}))`;

/**
 * Only of tenants that got one within a day: the others had no more than these when they were looked at before, and a
 * count of all would cost more every month. A number that was lowered holds for them from their next one on.
 */
const REVISIONS_BY_NUMBER = `DELETE FROM tenant_revisions WHERE ctid = ANY (ARRAY(
  SELECT r.ctid FROM (SELECT DISTINCT tenant_id FROM tenant_revisions
                       WHERE recorded_at > now() - interval '1 day') AS changed
    CROSS JOIN LATERAL (SELECT recorded_at, revision_id FROM tenant_revisions n WHERE n.tenant_id = changed.tenant_id
                         ORDER BY recorded_at DESC, revision_id DESC OFFSET $1 - 1 LIMIT 1) AS last
    JOIN tenant_revisions r ON r.tenant_id = changed.tenant_id
                           AND (r.recorded_at, r.revision_id) < (last.recorded_at, last.revision_id)
   LIMIT ${BATCH_ROWS}))`;
