import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { DatabaseUnavailable } from '../database/database-error.ts';
import { noOutbox } from '../testing/no-outbox.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';
import { ApiRequestMeter } from './api-request-meter.ts';

describe('ApiRequestMeter', () => {
  let database: MigratedDatabase;
  beforeAll(async () => {
    database = await createMigratedDatabase();
  });
  afterAll(async () => {
    await database.drop();
  });

  async function newTenant(): Promise<string> {
    const tenantID = randomUUID();
    await database.worker.query(`INSERT INTO tenants (tenant_id, source) VALUES ($1, 'Ledger')`, [tenantID]);
    return tenantID;
  }

  async function counters(tenantID: string) {
    return database.worker.query(
      'SELECT month, quantity FROM usage_counters WHERE tenant_id = $1 AND metric = $2 ORDER BY month',
      [tenantID, 'api_requests'],
    );
  }

  test('what was counted is in Postgres after the stop, by the UTC month of the request', async () => {
    const clock = new FakeClock(Date.UTC(2026, 0, 31, 23, 59, 59, 900));
    const meter = new ApiRequestMeter({
      database: database.worker,
      outbox: noOutbox,
      clock,
      log: silentLogger,
    });
    const tenantID = await newTenant();
    await meter.start();
    meter.count(tenantID);
    meter.count(tenantID);
    await clock.advance(200);
    meter.count(tenantID);
    await meter.stop();
    expect(await counters(tenantID)).toEqual([
      { month: '2026-01', quantity: '2' },
      { month: '2026-02', quantity: '1' },
    ]);
    expect(clock.pending).toBe(0);
  });

  test('a write whose answer was lost is repeated and counts once', async () => {
    const clock = new FakeClock();
    const tenantID = await newTenant();
    let losesAnswers = true;
    const flaky: Pick<typeof database.worker, 'transaction'> = {
      transaction: async (work) => {
        const result = await database.worker.transaction(work);
        if (losesAnswers) throw new DatabaseUnavailable(new Error('the connection broke after the commit'));
        return result;
      },
    };
    const meter = new ApiRequestMeter({ database: flaky, outbox: noOutbox, clock, log: silentLogger });
    for (let count = 0; count < 3; count += 1) meter.count(tenantID);
    await meter.stop();
    losesAnswers = false;
    meter.count(tenantID);
    await meter.stop();
    expect(await counters(tenantID)).toEqual([{ month: '2026-01', quantity: '4' }]);
  });
});
