import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { ApiError } from '../http/api-error.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { Database, type PoolClient } from './database.ts';
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

  test('no statement is compiled, as those within functions would be time and again', async () => {
    expect(await database.worker.query('SHOW jit')).toEqual([{ jit: 'off' }]);
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

  describe('one read of a tenant', () => {
    const NAMES = { name: 'names', text: 'SELECT name FROM tenants WHERE name <> $1' };
    const SHARE = { name: 'share', text: 'SELECT 12 / $1::integer AS share' };
    const tenants = [randomUUID(), randomUUID()] as const;
    let single: Database;
    beforeAll(async () => {
      single = new Database({ url: database.appURL, name: 'single', maxConnections: 1, log: silentLogger });
      for (const id of tenants) {
        await database.worker.query(
          `INSERT INTO tenants (tenant_id, name, source) VALUES ($1, $2, 'Resource')`,
          [id, id],
        );
      }
    });
    afterAll(() => single.end());

    test('sees that tenant alone, and who borrows its connection next sees none', async () => {
      for (const id of [...tenants, ...tenants]) {
        expect(await single.readOneAsTenant(id, NAMES, ['none'])).toEqual([{ name: id }]);
        expect(await single.query('SELECT name FROM tenants')).toEqual([]);
      }
    });

    test.each(["'", "\\'", "'); DELETE FROM tenants; --", '$1'])('takes %j for a value', async (value) => {
      expect(await single.readOneAsTenant(tenants[0], NAMES, [value])).toEqual([{ name: tenants[0] }]);
    });

    test('that fails leaves its connection to the next', async () => {
      await expect(single.readOneAsTenant(tenants[0], SHARE, ['0'])).rejects.toMatchObject({ code: '22012' });
      expect(await single.readOneAsTenant(tenants[0], SHARE, ['4'])).toEqual([{ share: 3 }]);
      expect(await single.query('SELECT name FROM tenants')).toEqual([]);
    });

    test('is none that writes', async () => {
      const text = `INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $1, 'Owner')`;
      const write = single.readOneAsTenant(tenants[0], { name: 'write', text }, [tenants[0]]);
      await expect(write).rejects.toMatchObject({ cause: { code: '25006' } });
    });
  });
});
