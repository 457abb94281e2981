import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ledgerKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { LedgerTail } from './ledger-tail.ts';

const TENANT = '5f0f6f5e-4c5f-4a53-9d4e-0a8b7c6d5e4f';
const CALL = '00000000-0000-4000-8000-000000000001';
const STREAM = ledgerKeys.stream(shardOf(TENANT));

let server: TestRedis;
let redis: Redis;

beforeEach(async () => {
  server = await startTestRedis();
  redis = new Redis(server.url);
});

afterEach(async () => {
  redis.disconnect();
  await server.stop();
});

async function append(index: number): Promise<void> {
  const event = {
    schemaVersion: 1,
    id: `${CALL}/turn/${index}`,
    tenantID: TENANT,
    callID: CALL,
    occurredAt: '2026-11-30T15:00:00.000Z',
    kind: 'turn',
    index,
    speaker: 'Agent',
    text: `sentence ${index}`,
    startedAtMs: 0,
    endedAtMs: 1,
  };
  await redis.xadd(STREAM, '*', 'event', JSON.stringify(event));
}

test('what is reported after the opening is there once, whatever is trimmed meanwhile', async () => {
  await append(0);
  const tail = await LedgerTail.open(server.url, TENANT);
  const taken: unknown[] = [];
  const take = () => {
    taken.push(...tail.take().map((event) => event.kind === 'turn' && event.text));
    return taken;
  };
  try {
    for (const index of [1, 2, 3]) {
      await append(index);
      await expect.poll(take).toHaveLength(index);
      // As the API server does with what it has taken.
      await redis.xtrim(STREAM, 'MAXLEN', 0);
    }
    expect(taken).toEqual(['sentence 1', 'sentence 2', 'sentence 3']);
  } finally {
    await tail.close();
  }
});

test('a Redis that is gone is told of', async () => {
  const tail = await LedgerTail.open(server.url, TENANT);
  await server.kill();
  await expect.poll(() => failureOf(tail)).toBeInstanceOf(Error);
  await tail.close();
});

function failureOf(tail: LedgerTail): unknown {
  try {
    return tail.take();
  } catch (error) {
    return error;
  }
}
