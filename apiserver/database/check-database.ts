import { readdirSync } from 'node:fs';
import { OperatingError } from '#lib/errors/operating-error.ts';
import { MIGRATIONS_DIR, MIGRATIONS_TABLE, SCHEMA } from '../migrate/schema.ts';
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
  readonly superuser: boolean;
  readonly bypasses: boolean;
  readonly owns: boolean;
}

/**
 * Throws UnfitDatabase when the connection's role is not `expectedRole` or could see past row-level
 * security (superuser, BYPASSRLS, owner of the tables), or when the schema lacks a migration of this
 * release. A schema that is newer is served: migrations only add.
 */
export async function checkDatabase(
  database: Database,
  variable: string,
  expectedRole: string,
): Promise<void> {
  const [role] = await database.query<RoleRow>(
    `SELECT current_user AS name, rolsuper AS superuser, rolbypassrls AS bypasses,
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
  const missing = await missingMigrations(database);
  if (missing.length > 0) {
    throw new UnfitDatabase(
      `The schema of the database lacks ${missing.join(', ')}. Run apiserver/migrate/main.ts first.`,
    );
  }
}

function flawOf(role: RoleRow): string | undefined {
  if (role.superuser) return 'a superuser';
  if (role.bypasses) return 'which has BYPASSRLS';
  return role.owns ? 'which owns the tables' : undefined;
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
