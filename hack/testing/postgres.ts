import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { providedService } from './provided-service.ts';

export interface TestDatabase {
  /** Of the superuser, on the new database. Roles belong to the server: all test files share them. */
  readonly adminURL: string;
  drop(): Promise<void>;
}

/** A fresh, empty database on the server that this test run shares. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = providedService('veraluxPostgres').adminURL;
  const name = `test_${randomBytes(8).toString('hex')}`;
  // template0 has no connections to wait for, so that several files can make databases at once.
  await runAsAdmin(server, `CREATE DATABASE ${name} TEMPLATE template0`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    adminURL: url.href,
    drop: () => runAsAdmin(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function runAsAdmin(url: string, statement: string): Promise<void> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 30_000,
  });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
