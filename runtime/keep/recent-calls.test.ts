import { expect, test } from 'vitest';
import { shardOf } from '#crds/projection/shard.ts';
import { admitted, answered, run, talking } from '#runtime/testing/call-life.ts';
import { RecentCalls } from './recent-calls.ts';

test('a call is kept until it is talked to, or another pod has gone on with it', () => {
  const recent = new RecentCalls();
  const { call } = run(admitted, answered());
  const { call: talked } = run(...talking);
  if (!call || !talked) throw new Error('no call');
  const { deadlineAtMs = 0, tenantID } = call.record;
  recent.note(call, 2);
  expect([...recent.shards(deadlineAtMs + 5_000)]).toEqual([shardOf(tenantID)]);
  // Nobody who holds it would have let it wait for so long.
  expect([...recent.shards(deadlineAtMs + 5_001)]).toEqual([]);
  expect(recent.ofShard(shardOf(tenantID), 0)).toEqual([]);
  recent.note(call, 2);
  recent.note(talked, 3);
  expect([...recent.shards(0)]).toEqual([]);
});
