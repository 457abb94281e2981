import { readdirSync } from 'node:fs';
import { OperatingError } from '#lib/errors/operating-error.ts';
import { JOB_QUEUES } from '../jobs/job-queues.ts';
import { MIGRATIONS_DIR, MIGRATIONS_TABLE, QUEUE_SCHEMA, SCHEMA } from '../migrate/schema.ts';
import type { Database } from './database.ts';
import { sqlStateOf } from './database-error.ts';

/** The server must not serve on this database. */
export class UnfitDatabase extends OperatingError {
  constructor(message: string) {
    super('database_unfit', message);
  }
}

interface RoleRow {
  readonly name: string;
  /** As whom the connection logged in; it may become that role again. */
  readonly login: string;
  readonly superuser: boolean;
  readonly bypasses: boolean;
  readonly makes_roles: boolean;
  readonly replicates: boolean;
  readonly owns: boolean;
  /** Roles that it may act as, or whose rights it has. */
  readonly member_of: readonly string[];
}

/**
 * Throws UnfitDatabase when the connection's role is not `expectedRole` or could see past row-level
 * security (superuser, BYPASSRLS, owner of the tables, a member of another role, or able to become one of
 * these), or when the schema lacks a migration of this release, or a queue of its jobs. A schema that is newer is
 * served: migrations only add.
 */
export async function checkDatabase(
  database: Database,
  variable: string,
  expectedRole: string,
): Promise<void> {
  const [role] = await database.query<RoleRow>(
    `SELECT current_user AS name, session_user AS login, rolsuper AS superuser, rolbypassrls AS bypasses,
            rolcreaterole AS makes_roles, rolreplication AS replicates,
            ARRAY(SELECT other.rolname::text FROM pg_roles other
                   WHERE other.rolname <> current_user AND pg_has_role(current_user, other.oid, 'MEMBER')
                   ORDER BY 1) AS member_of,
            EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace($1)
                       AND pg_has_role(current_user, relowner, 'MEMBER')) AS owns
       FROM pg_roles WHERE rolname = current_user`,
    [SCHEMA],
  );
  if (!role) throw new UnfitDatabase(`${variable}: Postgres does not say as which role it is used.`);
  const flaw = flawOf(role);
  if (flaw) {
    throw new UnfitDatabase(
      `${variable} logs in as ${role.name}, ${flaw}, so one tenant could see another. Use the role ${expectedRole}.`,
    );
  }
  if (role.name !== expectedRole) {
    throw new UnfitDatabase(`${variable} logs in as ${role.name}, but has to as ${expectedRole}.`);
  }
  const migrations = await missingMigrations(database);
  const missing = migrations.length > 0 ? migrations : await missingQueues(database);
  if (missing.length > 0) {
    throw new UnfitDatabase(
      `The schema of the database lacks ${missing.join(', ')}. Run apiserver/migrate/main.ts first.`,
    );
  }
}

/** They are made after the migrations, so that these can have run without them. */
async function missingQueues(database: Database): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(`SELECT name FROM ${QUEUE_SCHEMA}.queue`);
  const present = new Set(rows.map((row) => row.name));
  return JOB_QUEUES.flatMap(({ name }) => (present.has(name) ? [] : [`the queue ${name}`]));
}

function flawOf(role: RoleRow): string | undefined {
  if (role.superuser) return 'a superuser';
  if (role.bypasses) return 'which has BYPASSRLS';
  if (role.owns) return 'which owns the tables';
  if (role.makes_roles) return 'which has CREATEROLE';
  if (role.replicates) return 'which has REPLICATION';
  if (role.login !== role.name) return `which it became after it logged in as ${role.login}`;
  // Those that migrate makes are members of nothing, so there is no telling why this one is.
  return role.member_of.length > 0 ? `which is a member of ${role.member_of.join(', ')}` : undefined;
}

async function missingMigrations(database: Database): Promise<readonly string[]> {
  const needed = readdirSync(MIGRATIONS_DIR).map((file) => file.replace(/\.sql$/, ''));
  try {
    const rows = await database.query<{ name: string }>(`SELECT name FROM ${SCHEMA}.${MIGRATIONS_TABLE}`);
    const present = new Set(rows.map((row) => row.name));
    return needed.filter((name) => !present.has(name)).sort();
  } catch (error) {
    // 42P01 undefined_table, 3F000 invalid_schema_name, 42501 no right to it: never migrated.
    if (['42P01', '3F000', '42501'].includes(sqlStateOf(error) ?? '')) return needed.sort();
    throw error;
  }
}
