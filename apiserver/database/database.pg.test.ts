import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiError } from '../http/api-error.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import type { PoolClient } from './database.ts';
import { DatabaseUnavailable } from './database-error.ts';

describe('a pool of connections', () => {
  let database: MigratedDatabase;
  let admin: Client;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    admin = new Client({ connectionString: database.adminURL });
    await admin.connect();
  });
  afterAll(async () => {
    await admin.end();
    await database.drop();
  });

  /** Ends the connection as a Postgres that dies does, and waits until the client has heard of it. */
  async function cut(client: PoolClient): Promise<void> {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const heard = new Promise((resolve) => client.once('end', resolve));
    await admin.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await heard;
  }

  test('a connection cut between two statements fails that transaction alone', async () => {
    const work = database.app.transaction(async (client) => {
      await cut(client);
      await client.query('SELECT 1');
    });
    await expect(work).rejects.toThrow(DatabaseUnavailable);
    expect(await database.app.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('a connection cut in the middle of a statement fails that statement alone', async () => {
    const pid = Promise.withResolvers<number>();
    const work = database.app.transaction(async (client) => {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      pid.resolve(rows[0]?.pid ?? 0);
      await client.query('SELECT pg_sleep(10)');
    });
    const refused = expect(work).rejects.toThrow(DatabaseUnavailable);
    await admin.query('SELECT pg_terminate_backend($1)', [await pid.promise]);
    await refused;
    expect(await database.app.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('a refusal of ours stays what it is, also on a connection that was cut', async () => {
    const work = database.app.transaction(async (client) => {
      await cut(client);
      throw new ApiError('not_found');
    });
    await expect(work).rejects.toThrow(ApiError);
  });

  test('no more wait for a connection than the pool will have wait', async () => {
    const held = Promise.withResolvers<void>();
    const all = Array.from({ length: 5 }, () => database.app.transaction(() => held.promise));
    const waiting = Array.from({ length: 250 }, () => database.app.query('SELECT 1'));
    await expect(database.app.query('SELECT 1')).rejects.toThrow(DatabaseUnavailable);
    held.resolve();
    await Promise.all([...all, ...waiting]);
    expect(database.app.counts.waiting).toBe(0);
  });

  test('reads that belong together see one moment, whatever is committed between them', async () => {
    const tenantID = randomUUID();
    const nameNow = async (client: PoolClient) => {
      const { rows } = await client.query<{ name: string }>('SELECT name FROM tenants');
      return rows.map(({ name }) => name);
    };
    const write = (name: string) =>
      database.worker.query(
        `INSERT INTO tenants (tenant_id, name, source) VALUES ($1, $2, 'Resource')
         ON CONFLICT (tenant_id) DO UPDATE SET name = excluded.name`,
        [tenantID, name],
      );
    await write('before');
    const seen = await database.app.readAsTenant(tenantID, async (client) => {
      const first = await nameNow(client);
      await write('after');
      return [first, await nameNow(client)];
    });
    expect(seen).toEqual([['before'], ['before']]);
    expect(await database.app.withTenant(tenantID, nameNow)).toEqual(['after']);
  });
});
