import { runner } from 'node-pg-migrate';
import { Client } from 'pg';
import { PgBoss } from 'pg-boss';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import { ADVISORY_LOCKS } from '../database/advisory-locks.ts';
import { JOB_QUEUES } from '../jobs/job-queues.ts';
import { ensureRoles, type RolePasswords } from './roles.ts';
import { MIGRATIONS_DIR, MIGRATIONS_TABLE, QUEUE_SCHEMA, ROLES, SCHEMA } from './schema.ts';

export interface MigrateOptions extends RolePasswords {
  /** A URL whose role may create roles and schemas: a superuser, or CREATEROLE and the database's owner. */
  readonly adminURL: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** How long to wait for another migration, or for a table that is in use. Default a minute. */
  readonly lockTimeoutMs?: number;
}

/**
 * Brings roles, schema and job queues to what this release needs, under one advisory lock. Safe to
 * repeat and to run twice at once. Resolves to the names of the migrations that ran.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const client = new Client({
    connectionString: options.adminURL,
    application_name: 'veralux-migrate',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', (error) => options.log.error({ err: error }, 'the connection to Postgres failed'));
  await client.connect();
  try {
    await client.query("SELECT set_config('lock_timeout', $1, false)", [
      `${options.lockTimeoutMs ?? 60_000}ms`,
    ]);
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCKS.migration]);
    await ensureRoles(client, options, options.clock);
    await client.query(`SET ROLE ${ROLES.owner}`);
    const applied = await migrateSchema(client, options.log);
    await migrateQueues(client);
    await letBackupRead(client);
    return applied;
  } finally {
    await client.end();
  }
}

async function migrateSchema(client: Client, log: Logger): Promise<readonly string[]> {
  const applied = await runner({
    dbClient: client,
    dir: MIGRATIONS_DIR,
    direction: 'up',
    schema: SCHEMA,
    migrationsTable: MIGRATIONS_TABLE,
    checkOrder: true,
    // The advisory lock above covers the roles, too.
    noLock: true,
    logger: {
      info: () => undefined,
      debug: () => undefined,
      warn: (message) => log.warn({ migration: message }, 'a migration warns'),
      error: (message) => log.error({ migration: message }, 'a migration failed'),
    },
  });
  await client.query(`GRANT SELECT ON ${SCHEMA}.${MIGRATIONS_TABLE} TO ${ROLES.app}, ${ROLES.worker}`);
  return applied.map((migration) => migration.name);
}

async function migrateQueues(client: Client): Promise<void> {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => client.query(text, values) },
    schema: QUEUE_SCHEMA,
    createSchema: false,
    supervise: false,
    schedule: false,
  });
  const failure = Promise.withResolvers<never>();
  boss.on('error', (error) => failure.reject(error));
  await Promise.race([failure.promise, makeQueues(boss)]);
  await client.query(`
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${QUEUE_SCHEMA} TO ${ROLES.worker};
    GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${QUEUE_SCHEMA} TO ${ROLES.worker};
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${QUEUE_SCHEMA} TO ${ROLES.worker};
    GRANT SELECT ON ${QUEUE_SCHEMA}.queue TO ${ROLES.app};
    GRANT INSERT, SELECT (id) ON ${QUEUE_SCHEMA}.job_common TO ${ROLES.app};
  `);
}

/** Each time, for what this release has added. */
async function letBackupRead(client: Client): Promise<void> {
  for (const schema of [SCHEMA, QUEUE_SCHEMA]) {
    await client.query(`GRANT USAGE ON SCHEMA ${schema} TO ${ROLES.backup}`);
    await client.query(`GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${ROLES.backup}`);
    await client.query(`GRANT SELECT ON ALL SEQUENCES IN SCHEMA ${schema} TO ${ROLES.backup}`);
  }
}

async function makeQueues(boss: PgBoss): Promise<void> {
  await boss.start();
  for (const { name, ...queue } of JOB_QUEUES) {
    if (await boss.getQueue(name)) await boss.updateQueue(name, queue);
    else await boss.createQueue(name, queue);
  }
  await boss.stop({ graceful: false });
}
