import { afterAll, beforeAll, expect, test } from 'vitest';
import { callKeys } from '#crds/projection/keys.ts';
import { startTopology, type TestTopology } from '#hack/testing/redis-topology.ts';
import type { Redis } from '#lib/redis/connect-redis.ts';
import { countLiveCalls } from './live-calls.ts';

const TENANT = '6f1c1d1e-0000-4000-8000-0000000000aa';
const NOW = Date.UTC(2026, 5, 1);

let server: TestTopology;
let redis: Redis;

beforeAll(async () => {
  server = await startTopology('one server');
  ({ redis } = server);
});

afterAll(() => server.stop());

test('callers who hear a message, or leave one, are calls in progress as those with an agent are', async () => {
  expect(await countLiveCalls(redis, TENANT, NOW)).toBe(0);
  await redis.zadd(callKeys.leases(TENANT), NOW + 1, 'with an agent', NOW - 1, 'expired');
  await redis.zadd(callKeys.treated(TENANT), NOW + 1, 'leaves a message', NOW - 1, 'expired, too');
  expect(await countLiveCalls(redis, TENANT, NOW)).toBe(2);
});
