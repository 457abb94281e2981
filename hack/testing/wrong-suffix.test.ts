import { describe, expect, test } from 'vitest';
import { testCluster } from './cluster.ts';
import { createTestDatabase } from './postgres.ts';
import { startTestRedis } from './redis.ts';

describe('a test whose file name does not ask for a server', () => {
  test.each([
    ['Postgres', () => createTestDatabase(), '.pg.test.ts'],
    ['Redis', () => startTestRedis(), '.redis.test.ts'],
    ['a cluster', () => testCluster(), '.kube.test.ts'],
  ])('is told how to name the file when it uses %s', async (_, use, suffix) => {
    await expect(async () => use()).rejects.toThrow(`name the file "<something>${suffix}"`);
  });
});
