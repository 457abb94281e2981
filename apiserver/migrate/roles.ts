import type { Client } from 'pg';
import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import { QUEUE_SCHEMA, ROLES, SCHEMA } from './schema.ts';

export interface RolePasswords {
  readonly appPassword: string;
  readonly workerPassword: string;
  /** Undefined: whether the backup role can log in stays as it is. */
  readonly backupPassword?: string | undefined;
}

/** The role that migrates may not give BYPASSRLS, so there can be no role for pg_dump. */
export class BackupRoleRefused extends OperatingError {
  constructor(admin: string) {
    super(
      'backup_role_refused',
      `BACKUP_PASSWORD: ${admin} can make no role that reads every row, for it is no superuser and has no BYPASSRLS. ` +
        'Migrate as one that has it, or leave BACKUP_PASSWORD out and back up by what the database’s provider has for it.',
    );
  }
}

/**
 * Makes the roles, the schemas and who may use them; repeating it changes only the passwords.
 * Roles belong to the whole server, so a migration of another of its databases may touch them at the
 * same moment: that is tried again. Throws BackupRoleRefused before it changes anything.
 */
export async function ensureRoles(admin: Client, passwords: RolePasswords, clock: Clock): Promise<void> {
  const me = await readAdmin(admin);
  if (passwords.backupPassword !== undefined && !mayBypass(me)) throw new BackupRoleRefused(me.name);
  const attempts = 8;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await admin.query('BEGIN');
      await writeRoles(admin, me, passwords);
      await writeSchemas(admin, me);
      await admin.query('COMMIT');
      return;
    } catch (error) {
      await admin.query('ROLLBACK');
      if (!isRoleRace(error) || attempt + 1 === attempts) throw error;
      await clock.sleep(backoffMs(attempt, { initialMs: 20, maxMs: 1_000 }));
    }
  }
}

/** 42710 and 23505: another session made the role; XX000 and 40001: it is changing it right now. */
function isRoleRace(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === '42710' || code === '23505' || code === 'XX000' || code === '40001' || code === '40P01';
}

async function writeRoles(admin: Client, me: Admin, passwords: RolePasswords): Promise<void> {
  const { owner, app, worker, auth, backup } = ROLES;
  const { rows } = await admin.query<{ rolname: string }>(
    'SELECT rolname FROM pg_roles WHERE rolname = ANY($1)',
    [Object.values(ROLES)],
  );
  const existing = new Set(rows.map((row) => row.rolname));
  for (const role of Object.values(ROLES)) {
    if (!existing.has(role)) await admin.query(`CREATE ROLE ${role} NOLOGIN`);
  }
  await writeAttributes(admin, me);
  const logins: Record<string, string> = { [app]: passwords.appPassword, [worker]: passwords.workerPassword };
  if (passwords.backupPassword !== undefined) logins[backup] = passwords.backupPassword;
  for (const [role, password] of Object.entries(logins)) {
    await admin.query(`ALTER ROLE ${role} LOGIN PASSWORD ${admin.escapeLiteral(password)}`);
  }
  await admin.query(`GRANT ${auth} TO ${owner}`);
  if (!me.superuser) await admin.query(`GRANT ${owner} TO ${admin.escapeIdentifier(me.name)}`);
}

async function writeAttributes(admin: Client, me: Admin): Promise<void> {
  const { owner, app, worker, auth, backup } = ROLES;
  if (me.superuser) {
    const safe = 'NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION';
    for (const role of Object.values(ROLES)) await admin.query(`ALTER ROLE ${role} ${safe}`);
    for (const role of [owner, app, worker, auth]) await admin.query(`ALTER ROLE ${role} NOBYPASSRLS`);
  }
  // pg_dump refuses to read a table whose policies would keep rows from it: so this role passes them.
  if (mayBypass(me)) await admin.query(`ALTER ROLE ${backup} BYPASSRLS`);
}

async function writeSchemas(admin: Client, me: Admin): Promise<void> {
  const { owner, app, worker, auth, backup } = ROLES;
  const database = admin.escapeIdentifier(me.database);
  for (const schema of [SCHEMA, QUEUE_SCHEMA]) {
    await admin.query(`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${owner}`);
  }
  await admin.query(`GRANT USAGE ON SCHEMA ${SCHEMA} TO ${app}, ${worker}, ${auth}`);
  await admin.query(`GRANT USAGE ON SCHEMA ${QUEUE_SCHEMA} TO ${app}, ${worker}`);
  await admin.query(`GRANT CONNECT ON DATABASE ${database} TO ${app}, ${worker}, ${backup}`);
  for (const role of [app, worker]) {
    await admin.query(`ALTER ROLE ${role} IN DATABASE ${database} SET search_path = ${SCHEMA}`);
  }
}

interface Admin {
  readonly name: string;
  readonly database: string;
  readonly superuser: boolean;
  readonly bypasses: boolean;
}

/** The role that migrates. */
async function readAdmin(admin: Client): Promise<Admin> {
  const { rows } = await admin.query<Admin>(
    `SELECT current_user AS name, current_database() AS database, rolsuper AS superuser, rolbypassrls AS bypasses
       FROM pg_roles WHERE rolname = current_user`,
  );
  const [me] = rows;
  if (me === undefined) throw new Error('Postgres does not say as which role it is used');
  return me;
}

function mayBypass({ superuser, bypasses }: Admin): boolean {
  return superuser || bypasses;
}
