import type { Client } from 'pg';
import { backoffMs } from '#lib/clock/backoff.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { QUEUE_SCHEMA, ROLES, SCHEMA } from './schema.ts';

export interface RolePasswords {
  readonly appPassword: string;
  readonly workerPassword: string;
}

/**
 * Makes the roles, the schemas and who may use them; repeating it changes only the passwords.
 * Roles belong to the whole server, so a migration of another of its databases may touch them at the
 * same moment: that is tried again.
 */
export async function ensureRoles(admin: Client, passwords: RolePasswords, clock: Clock): Promise<void> {
  const attempts = 8;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await admin.query('BEGIN');
      await writeRoles(admin, passwords);
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

async function writeRoles(admin: Client, passwords: RolePasswords): Promise<void> {
  const { owner, app, worker, auth } = ROLES;
  const { rows } = await admin.query<{ rolname: string }>(
    'SELECT rolname FROM pg_roles WHERE rolname = ANY($1)',
    [Object.values(ROLES)],
  );
  const existing = new Set(rows.map((row) => row.rolname));
  const safe = 'NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION';
  for (const role of Object.values(ROLES)) {
    if (!existing.has(role)) await admin.query(`CREATE ROLE ${role} NOLOGIN`);
  }
  await admin.query(`ALTER ROLE ${app} LOGIN PASSWORD ${admin.escapeLiteral(passwords.appPassword)}`);
  await admin.query(`ALTER ROLE ${worker} LOGIN PASSWORD ${admin.escapeLiteral(passwords.workerPassword)}`);
  await admin.query(`GRANT ${auth} TO ${owner}`);
  const { rows: me } = await admin.query<{ superuser: boolean; database: string; name: string }>(
    `SELECT rolsuper AS superuser, current_database() AS database, current_user AS name
       FROM pg_roles WHERE rolname = current_user`,
  );
  const database = admin.escapeIdentifier(me[0]?.database ?? '');
  if (me[0]?.superuser) {
    for (const role of Object.values(ROLES)) await admin.query(`ALTER ROLE ${role} ${safe}`);
  } else {
    await admin.query(`GRANT ${owner} TO ${admin.escapeIdentifier(me[0]?.name ?? '')}`);
  }
  for (const schema of [SCHEMA, QUEUE_SCHEMA]) {
    await admin.query(`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${owner}`);
  }
  await admin.query(`GRANT USAGE ON SCHEMA ${SCHEMA} TO ${app}, ${worker}, ${auth}`);
  await admin.query(`GRANT USAGE ON SCHEMA ${QUEUE_SCHEMA} TO ${app}, ${worker}`);
  for (const role of [app, worker]) {
    await admin.query(`GRANT CONNECT ON DATABASE ${database} TO ${role}`);
    await admin.query(`ALTER ROLE ${role} IN DATABASE ${database} SET search_path = ${SCHEMA}`);
  }
}
