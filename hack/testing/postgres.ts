import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { providedService } from './provided-service.ts';

export interface TestDatabase {
  /** Of the superuser, on the new database. Roles belong to the server: all test files share them. */
  readonly adminURL: string;
  drop(): Promise<void>;
}

/** A fresh database on the server that this test run shares: empty, or with all that another of them has. */
export async function createTestDatabase(copiedURL?: string): Promise<TestDatabase> {
  const server = providedService('veraluxPostgres').adminURL;
  const name = `test_${randomBytes(8).toString('hex')}`;
  if (copiedURL === undefined) {
    // template0 has no connections to wait for, so that several files can make databases at once.
    await runAsAdmin(server, `CREATE DATABASE ${name} TEMPLATE template0`);
  } else {
    await copy(server, new URL(copiedURL).pathname.slice(1), name);
  }
  const url = new URL(server);
  url.pathname = `/${name}`;
  return {
    adminURL: url.href,
    drop: () => runAsAdmin(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** Whoever is connected to it is cut off, and connects again afterwards. */
async function copy(server: string, from: string, to: string): Promise<void> {
  await runAsAdmin(server, `ALTER DATABASE ${from} ALLOW_CONNECTIONS false`);
  try {
    await runAsAdmin(
      server,
      `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '${from}'`,
    );
    await runAsAdmin(server, `CREATE DATABASE ${to} TEMPLATE ${from}`);
  } finally {
    await runAsAdmin(server, `ALTER DATABASE ${from} ALLOW_CONNECTIONS true`);
  }
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
