import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Callers } from '../testing/callers.ts';
import { startTestApi, type TestApi } from '../testing/test-api.ts';
import { createMigratedDatabase, type MigratedDatabase } from '../testing/test-database.ts';

describe('GET /api/admin/system/health', () => {
  let database: MigratedDatabase;
  let api: TestApi;
  beforeAll(async () => {
    database = await createMigratedDatabase();
    api = await startTestApi(database);
  });
  afterAll(async () => {
    await api.stop();
    await database.drop();
  });

  test('says status, uptime, memory, connections and tenants', async () => {
    await api.signUp('health');
    const callers = new Callers(database, api);
    const token = await callers.token(await callers.staff());
    const { status, body } = await api.call('GET', '/api/admin/system/health', { token });
    expect([status, body]).toEqual([
      200,
      {
        status: 'ok',
        uptimeSeconds: expect.any(Number),
        memory: { heapBytes: expect.any(Number), rssBytes: expect.any(Number) },
        database: { app: database.app.counts, worker: database.worker.counts },
        tenants: { total: 1, subscriptions: { none: 1 }, asOf: expect.any(String) },
        readiness: { ready: true, checks: { postgres: { state: 'Up', ageMs: 0 } } },
      },
    ]);
    expect(body.memory.rssBytes).toBeGreaterThan(body.memory.heapBytes);
  });
});
