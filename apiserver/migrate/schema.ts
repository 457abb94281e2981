import { fileURLToPath } from 'node:url';

/** The schema of our tables, and pg-boss's own. */
export const SCHEMA = 'veralux';
export const QUEUE_SCHEMA = 'pgboss';

/** Plain SQL, run once each in the order of their names. They only add: an older server still serves. */
export const MIGRATIONS_DIR = fileURLToPath(new URL('./migrations', import.meta.url));
export const MIGRATIONS_TABLE = 'schema_migrations';

/**
 * The roles of the database. `owner` owns the tables and only migrates; `app` serves people and sees
 * one tenant at a time; `worker` does the work across tenants; `auth` owns the look-ups by exact
 * value; `backup` reads every row for pg_dump and writes none. Neither owner nor auth can log in, and backup
 * only where it was given a password.
 */
export const ROLES = {
  owner: 'veralux_owner',
  app: 'veralux_app',
  worker: 'veralux_worker',
  auth: 'veralux_auth',
  backup: 'veralux_backup',
} as const;
