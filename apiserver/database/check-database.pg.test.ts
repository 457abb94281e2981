import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { checkDatabase, UnfitDatabase } from './check-database.ts';
import { Database } from './database.ts';

describe('the server refuses to serve', () => {
  let database: MigratedDatabase;
  beforeAll(async () => {
    database = await createMigratedDatabase();
  });
  afterAll(() => database.drop());

  const check = async (url: string, role = 'veralux_app'): Promise<void> => {
    const pool = new Database({ url, name: 'check', maxConnections: 1, log: silentLogger });
    await checkDatabase(pool, 'DATABASE_URL', role).finally(() => pool.end());
  };
  const at = (parts: { username?: string; password?: string; pathname?: string; search?: string }) =>
    Object.assign(new URL(database.appURL), parts).href;

  test('as a superuser, as the wrong role, and on a database without its schema', async () => {
    await expect(check(database.adminURL)).rejects.toThrow('a superuser');
    await expect(check(database.workerURL)).rejects.toThrow(UnfitDatabase);
    await expect(check(at({ pathname: '/postgres' }))).rejects.toThrow('lacks 0001_tenancy');
    await expect(check(database.appURL)).resolves.toBeUndefined();
    await expect(check(database.workerURL, 'veralux_worker')).resolves.toBeUndefined();
  });

  test('on a database without one of the queues that its jobs wait in', async () => {
    await database.asAdmin(`UPDATE pgboss.queue SET name = 'other' WHERE name = 'erase-caller'`);
    await expect(check(database.appURL)).rejects.toThrow('lacks the queue erase-caller');
    await database.asAdmin(`UPDATE pgboss.queue SET name = 'erase-caller' WHERE name = 'other'`);
    await expect(check(database.appURL)).resolves.toBeUndefined();
  });

  test('as a role that it became, and that may become another again', async () => {
    const { username, password } = new URL(database.adminURL);
    const url = at({ username, password, search: '?options=-c%20role%3Dveralux_app' });
    await expect(check(url)).rejects.toThrow(`after it logged in as ${username}`);
  });

  test.each([
    ['owns the tables', '', 'veralux_owner'],
    ['is a member of veralux_worker', '', 'veralux_worker'],
    // By inheritance alone its functions may be called, and its policies hold.
    ['is a member of veralux_auth', 'NOINHERIT', 'veralux_auth'],
    ['is a member of veralux_backup', '', 'veralux_backup'],
    ['is a member of pg_read_all_data', '', 'pg_read_all_data'],
    ['has BYPASSRLS', 'BYPASSRLS', undefined],
    ['has CREATEROLE', 'CREATEROLE', undefined],
    ['has REPLICATION', 'REPLICATION', undefined],
  ])('as one that %s', async (flaw, attributes, memberOf) => {
    const username = `app_${randomUUID().replaceAll('-', '')}`;
    await database.asAdmin(`CREATE ROLE ${username} LOGIN PASSWORD 'x' ${attributes}`);
    if (memberOf !== undefined) await database.asAdmin(`GRANT ${memberOf} TO ${username}`);
    await expect(check(at({ username, password: 'x' }), username)).rejects.toThrow(`which ${flaw}`);
    await database.asAdmin(`DROP ROLE ${username}`);
  });
});
