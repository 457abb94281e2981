import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testCluster } from './cluster.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';
import { startTestRedis, type TestRedis } from './redis.ts';

describe('the servers of tests', () => {
  let redis: TestRedis;
  let database: TestDatabase;
  beforeAll(async () => {
    redis = await startTestRedis();
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await redis.stop();
    await database.drop();
  });

  test('a Redis refuses to forget: append-only file on, no eviction', async () => {
    const client = new Redis(redis.url);
    expect(await client.config('GET', 'appendonly')).toEqual(['appendonly', 'yes']);
    expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    client.disconnect();
  });

  test('a database is empty and in UTF-8', async () => {
    const client = new Client({ connectionString: database.adminURL });
    await client.connect();
    const tables = await client.query(`SELECT 1 FROM pg_tables WHERE schemaname = 'public'`);
    expect(tables.rowCount).toBe(0);
    const encoding = await client.query('SHOW server_encoding');
    expect(encoding.rows).toEqual([{ server_encoding: 'UTF8' }]);
    await client.end();
  });

  test('the cluster is a Kubernetes 1.35 that knows our kinds', async () => {
    const cluster = testCluster();
    expect(await cluster.kubectl('version')).toMatch(/Server Version: v1\.35\./);
    const kinds = await cluster.kubectl('api-resources', '--api-group=veralux.io', '--output=name');
    expect(kinds.trim().split('\n').sort()).toEqual([
      'phonenumbers.veralux.io',
      'tenants.veralux.io',
      'voiceruntimes.veralux.io',
    ]);
  });
});
