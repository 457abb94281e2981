import { describe, expect, test } from 'vitest';
import { testSite } from '../testing/test-site.ts';

describe('GET /api/admin/system/health', () => {
  const site = testSite();

  test('says status, uptime, memory, connections and tenants', async () => {
    await site.api.signUp('health');
    const token = await site.callers.token(await site.callers.staff());
    const { status, body } = await site.api.call('GET', '/api/admin/system/health', { token });
    expect([status, body]).toEqual([
      200,
      {
        status: 'ok',
        uptimeSeconds: expect.any(Number),
        memory: { heapBytes: expect.any(Number), rssBytes: expect.any(Number) },
        database: { app: site.database.app.counts, worker: site.database.worker.counts },
        tenants: { total: 1, subscriptions: { none: 1 }, asOf: expect.any(String) },
        readiness: { ready: true, checks: { postgres: { state: 'Up', ageMs: 0 } } },
      },
    ]);
    expect(body.memory.rssBytes).toBeGreaterThan(body.memory.heapBytes);
  });
});
