import { z } from 'zod';
import { ADVISORY_LOCKS } from '../database/advisory-locks.ts';
import type { Database, PoolClient } from '../database/database.ts';

/** How old a snapshot gets before the next reader takes another. */
const MAX_AGE_SECONDS = 30;
/** In place of the tenants beyond the cap: no tenant's id. */
export const OTHER_TENANTS = 'other';

const count = z.number().int();

const figuresSchema = z.object({
  tenants: count,
  /** Tenants by where their subscription stands. */
  subscriptions: z.record(z.string(), count),
  /** Of all months, the tenants with the most calls first; the last may be `other`, which is all the rest. */
  usage: z.array(z.object({ tenant: z.string(), calls: count, minutes: count })),
});

export interface PlatformSnapshot extends z.output<typeof figuresSchema> {
  readonly takenAt: Date;
}

export interface SnapshotDeps {
  /** As the worker role. */
  readonly database: Pick<Database, 'transaction'>;
  /** How many tenants are named; the same on every replica. */
  readonly maxTenants: number;
}

/**
 * The figures of the platform, at most 30 s old by Postgres's clock. Whichever replica finds them older takes
 * them anew and stores them, so that all replicas show the same. Throws DatabaseUnavailable.
 */
export function readSnapshot({ database, maxTenants }: SnapshotDeps): Promise<PlatformSnapshot> {
  return database.transaction(async (client) => {
    const stored = await readStored(client);
    if (stored) return stored;
    await client.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.snapshot]);
    // Another replica may have taken it while we waited.
    return (await readStored(client)) ?? takeSnapshot(client, maxTenants);
  });
}

interface SnapshotRow {
  readonly taken_at: Date;
  readonly figures: unknown;
}

async function readStored(client: PoolClient): Promise<PlatformSnapshot | undefined> {
  const { rows } = await client.query<SnapshotRow>(
    `SELECT taken_at, figures FROM platform_snapshots
      WHERE name = 'metrics' AND taken_at > clock_timestamp() - make_interval(secs => $1)`,
    [MAX_AGE_SECONDS],
  );
  return rows[0] && snapshotOf(rows[0]);
}

/**
 * Minutes are added up as they are billed: each month's seconds rounded up. Until there is billing by
 * subscriptions, each tenant that signed up has none.
 */
async function takeSnapshot(client: PoolClient, maxTenants: number): Promise<PlatformSnapshot> {
  const { rows } = await client.query<SnapshotRow>(
    `WITH registered AS (SELECT tenant_id, source FROM tenants WHERE deleted_at IS NULL AND source <> 'Ledger'),
     per_tenant AS (
       SELECT tenant_id,
              COALESCE(sum(quantity) FILTER (WHERE metric = 'call_count'), 0) AS calls,
              COALESCE(sum(ceil(quantity / 60.0)) FILTER (WHERE metric = 'call_seconds'), 0) AS minutes
         FROM usage_counters WHERE metric IN ('call_count', 'call_seconds') GROUP BY tenant_id),
     ranked AS (
       SELECT per_tenant.*, row_number() OVER (ORDER BY calls DESC, tenant_id) AS rank FROM per_tenant),
     shown AS (
       SELECT CASE WHEN rank <= $1 THEN tenant_id::text ELSE $2 END AS tenant,
              sum(calls) AS calls, sum(minutes) AS minutes, min(rank) AS rank
         FROM ranked GROUP BY 1)
     INSERT INTO platform_snapshots (name, taken_at, figures)
       SELECT 'metrics', clock_timestamp(), jsonb_build_object(
         'tenants', (SELECT count(*) FROM registered),
         'subscriptions', jsonb_build_object('none', (SELECT count(*) FROM registered WHERE source = 'Signup')),
         'usage', COALESCE((SELECT jsonb_agg(jsonb_build_object(
           'tenant', tenant, 'calls', calls, 'minutes', minutes) ORDER BY rank) FROM shown), '[]'))
     ON CONFLICT (name) DO UPDATE SET taken_at = excluded.taken_at, figures = excluded.figures
     RETURNING taken_at, figures`,
    [maxTenants, OTHER_TENANTS],
  );
  if (!rows[0]) throw new Error('the snapshot that was written was not returned');
  return snapshotOf(rows[0]);
}

function snapshotOf({ taken_at: takenAt, figures }: SnapshotRow): PlatformSnapshot {
  return { takenAt, ...figuresSchema.parse(figures) };
}
