import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '#hack/testing/postgres.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { currentActor } from '../audit/actor.ts';
import { Database } from '../database/database.ts';
import { migrate } from '../migrate/migrate.ts';
import { ROLES } from '../migrate/schema.ts';

/** Every test database of a server shares its roles, so every test sets the same passwords. */
export const TEST_PASSWORDS = { appPassword: 'test-app-password', workerPassword: 'test-worker-password' };

export interface MigratedDatabase {
  readonly adminURL: string;
  readonly appURL: string;
  readonly workerURL: string;
  /** As the app role: one tenant at a time. */
  readonly app: Database;
  /** As the worker role: every tenant. */
  readonly worker: Database;
  /** One statement as the superuser, past row-level security; tables are named with their schema. */
  asAdmin<Row extends object>(statement: string, values?: readonly unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** A fresh database with the whole schema, opened as both roles. */
export async function createMigratedDatabase(): Promise<MigratedDatabase> {
  const database = await createTestDatabase();
  const { adminURL } = database;
  await migrate({ adminURL, ...TEST_PASSWORDS, log: silentLogger, clock: systemClock });
  return openAsRoles(database);
}

/** Another database with all that is in this one now, as a restored backup of it has. */
export async function copyDatabase({ adminURL }: MigratedDatabase): Promise<MigratedDatabase> {
  const copy = await createTestDatabase(adminURL);
  // A dump of a database has no settings of its roles.
  await migrate({ adminURL: copy.adminURL, ...TEST_PASSWORDS, log: silentLogger, clock: systemClock });
  return openAsRoles(copy);
}

/** A migrated database, opened as both roles. */
function openAsRoles(database: TestDatabase): MigratedDatabase {
  const { adminURL } = database;
  const appURL = urlAs(adminURL, ROLES.app, TEST_PASSWORDS.appPassword);
  const workerURL = urlAs(adminURL, ROLES.worker, TEST_PASSWORDS.workerPassword);
  const app = new Database({
    url: appURL,
    name: 'test-app',
    maxConnections: 5,
    actor: currentActor,
    log: silentLogger,
  });
  const worker = new Database({ url: workerURL, name: 'test-worker', maxConnections: 5, log: silentLogger });
  return {
    adminURL,
    appURL,
    workerURL,
    app,
    worker,
    asAdmin: (statement, values) => runAsAdmin(adminURL, statement, values),
    drop: async () => {
      await Promise.all([app.end(), worker.end()]);
      await database.drop();
    },
  };
}

async function runAsAdmin<Row extends object>(
  url: string,
  statement: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Row>(statement, [...values]);
    return rows;
  } finally {
    await client.end();
  }
}

function urlAs(adminURL: string, role: string, password: string): string {
  const url = new URL(adminURL);
  url.username = role;
  url.password = password;
  return url.href;
}
