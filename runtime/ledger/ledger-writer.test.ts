import { expect, test } from 'vitest';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { LedgerWriter } from './ledger-writer.ts';

const TENANT = '6f1c1d1e-0000-4000-8000-0000000000aa';
/** In another shard. */
const OTHER_TENANT = '6f1c1d1e-0000-4000-8000-0000000000ab';

const turn = (callID: string, index: number, tenantID = TENANT): LedgerEvent => ({
  schemaVersion: 1,
  id: `${callID}/turn/${index}`,
  tenantID,
  callID,
  occurredAt: '2026-01-01T00:00:00Z',
  kind: 'turn',
  index,
  speaker: 'Agent',
  text: 'hello',
  startedAtMs: 0,
  endedAtMs: 1,
  interrupted: false,
});

function setUp() {
  const clock = new FakeClock();
  const batches: string[][] = [];
  const redis = { away: false, awayShards: new Set<string>() };
  const writer = new LedgerWriter({
    clock,
    log: silentLogger,
    metrics: createRuntimeMetrics(createRegistry('test')),
    store: {
      appendLedger: async ({ tenantID }, events) => {
        if (redis.away || redis.awayShards.has(shardOf(tenantID))) throw new Error('away');
        batches.push(events.map(({ id }) => id));
      },
    },
  });
  return { clock, batches, redis, writer };
}

test('events wait while Redis is away and are written in order when it is back', async () => {
  const { clock, batches, redis, writer } = setUp();
  redis.away = true;
  for (const event of [turn('a', 0), turn('a', 1), turn('b', 0), turn('a', 2)]) writer.append(event);
  await clock.advance(60_000);
  expect(batches).toEqual([]);
  redis.away = false;
  await clock.advance(2_000);
  expect(batches).toEqual([['a/turn/0', 'a/turn/1'], ['b/turn/0'], ['a/turn/2']]);
  expect(clock.pending).toBe(0);
});

test('events of a shard that is away hold up no others, and keep their order', async () => {
  const { clock, batches, redis, writer } = setUp();
  redis.awayShards.add(shardOf(TENANT));
  for (const event of [turn('a', 0), turn('b', 0, OTHER_TENANT), turn('a', 1)]) writer.append(event);
  await clock.advance(0);
  expect(batches).toEqual([['b/turn/0']]);
  writer.append(turn('b', 1, OTHER_TENANT));
  await clock.advance(4_000);
  expect(batches).toEqual([['b/turn/0'], ['b/turn/1']]);
  redis.awayShards.clear();
  await clock.advance(2_000);
  expect(batches.slice(2)).toEqual([['a/turn/0', 'a/turn/1']]);
  expect(clock.pending).toBe(0);
});

test.each([0, 1, 2, 3, 4, 5, 6])(
  'an event that comes %i ticks after another is written too',
  async (ticks) => {
    const { clock, batches, writer } = setUp();
    writer.append(turn('a', 0));
    for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
    writer.append(turn('b', 0));
    await clock.advance(0);
    expect(batches.flat()).toEqual(['a/turn/0', 'b/turn/0']);
  },
);

test('stopping gives up on a Redis that stays away after 3 s', async () => {
  const { clock, redis, writer } = setUp();
  redis.away = true;
  writer.append(turn('a', 0));
  const stopped = writer.stop();
  await clock.advance(3_000);
  await stopped;
  expect(clock.pending).toBe(0);
});
