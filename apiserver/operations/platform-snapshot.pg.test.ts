import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { Database } from '../database/database.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { measurePlatform } from './measure-platform.ts';
import { readSnapshot } from './platform-snapshot.ts';

describe('the snapshot of the platform', () => {
  let database: MigratedDatabase;
  beforeAll(async () => {
    database = await createMigratedDatabase();
  });
  beforeEach(async () => {
    await database.asAdmin(
      'TRUNCATE veralux.tenants, veralux.usage_counters, veralux.platform_snapshots CASCADE',
    );
  });
  afterAll(async () => {
    await database.drop();
  });

  /** A tenant by how it came to be, with calls and seconds by month. */
  async function add(
    source: string,
    months: Record<string, readonly [number, number]> = {},
  ): Promise<string> {
    const tenantID = randomUUID();
    const { worker } = database;
    await worker.query('INSERT INTO tenants (tenant_id, source) VALUES ($1, $2)', [tenantID, source]);
    for (const [month, [calls, seconds]] of Object.entries(months)) {
      await worker.query(
        `INSERT INTO usage_counters VALUES ($1, $2, 'call_count', $3), ($1, $2, 'call_seconds', $4)`,
        [tenantID, month, calls, seconds],
      );
    }
    return tenantID;
  }

  const read = (maxTenants = 100) => readSnapshot({ database: database.worker, maxTenants });
  const age = (seconds: number) =>
    database.asAdmin(
      `UPDATE veralux.platform_snapshots SET taken_at = taken_at - make_interval(secs => $1)`,
      [seconds],
    );

  test('counts the tenants that are there, and adds up what they used as it is billed', async () => {
    const busy = await add('Signup', { '2026-01': [3, 61], '2026-02': [1, 59] });
    await add('Resource');
    await add('Ledger');
    const gone = await add('Signup');
    await database.worker.query(
      `UPDATE tenants SET deleted_at = now(), deletion_policy = 'Retain' WHERE tenant_id = $1`,
      [gone],
    );
    expect(await read()).toEqual({
      takenAt: expect.any(Date),
      tenants: 2,
      subscriptions: { none: 1 },
      usage: [{ tenant: busy, calls: 4, minutes: 3 }],
    });
  });

  test('is the same for every replica for 30 s, whatever happens meanwhile', async () => {
    await add('Resource');
    const first = await read();
    await add('Resource');
    await age(25);
    expect(await read()).toMatchObject({ tenants: first.tenants });
    await age(6);
    expect(await read()).toMatchObject({ tenants: 2 });
  });

  test('is taken once where many find it old', async () => {
    await add('Resource');
    // Connections are open, so that all of them look at once.
    await Promise.all(Array.from({ length: 5 }, () => database.worker.query('SELECT pg_sleep(0.05)')));
    const found = await Promise.all(Array.from({ length: 5 }, () => read()));
    expect(new Set(found.map(({ takenAt }) => takenAt.getTime())).size).toBe(1);
  });

  test('names the tenants with the most calls, and adds the rest up', async () => {
    const most = await add('Resource', { '2026-01': [9, 60] });
    await add('Resource', { '2026-01': [1, 60] });
    await add('Resource', { '2026-01': [2, 120] });
    expect((await read(1)).usage).toEqual([
      { tenant: most, calls: 9, minutes: 1 },
      { tenant: 'other', calls: 3, minutes: 3 },
    ]);
  });

  test('the app role does not see it', async () => {
    await read();
    await expect(database.app.query('SELECT * FROM platform_snapshots')).rejects.toThrow('permission denied');
  });

  describe('as metrics', () => {
    const samples = (text: string, name: string) =>
      text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));

    test('has every name that is promised', async () => {
      const tenant = await add('Signup', { '2026-01': [2, 90] });
      const registry = createRegistry('test');
      measurePlatform({ registry, readSnapshot: () => read(), log: silentLogger });
      const text = await registry.metrics();
      expect(samples(text, 'veralux_tenants_total')).toEqual(['veralux_tenants_total{program="test"} 1']);
      expect(samples(text, 'veralux_subscriptions')).toEqual([
        'veralux_subscriptions{status="none",program="test"} 1',
      ]);
      expect(samples(text, 'veralux_tenant_calls_total')).toEqual([
        `veralux_tenant_calls_total{tenant="${tenant}",program="test"} 2`,
      ]);
      expect(samples(text, 'veralux_tenant_call_minutes')).toEqual([
        `veralux_tenant_call_minutes{tenant="${tenant}",program="test"} 2`,
      ]);
    });

    test('is absent, and not old, while Postgres is away', async () => {
      await add('Resource', { '2026-01': [2, 90] });
      let isAway = false;
      const nowhere = new Database({
        url: 'postgres://nobody@127.0.0.1:1/none',
        name: 'test',
        maxConnections: 1,
        log: silentLogger,
      });
      const registry = createRegistry('test');
      const readSnapshotNow = () =>
        readSnapshot({ database: isAway ? nowhere : database.worker, maxTenants: 100 });
      measurePlatform({ registry, readSnapshot: readSnapshotNow, log: silentLogger });
      const names = ['veralux_tenants_total', 'veralux_tenant_calls_total', 'veralux_subscriptions'];
      const counts = async () => {
        const text = await registry.metrics();
        return names.map((name) => samples(text, name).length);
      };
      expect(await counts()).toEqual([1, 1, 1]);
      isAway = true;
      expect(await counts()).toEqual([0, 0, 0]);
      await nowhere.end();
    });
  });
});
