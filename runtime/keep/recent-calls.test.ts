import { expect, test } from 'vitest';
import type { HangupReason } from '#crds/ledger/hangup-reason.ts';
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

test('why a call ended is kept where it was settled without that', () => {
  const recent = new RecentCalls();
  const { call } = run(...talking);
  if (!call) throw new Error('no call');
  const endedAs = (state: 'ending' | 'settled', reason: HangupReason) => ({
    ...call,
    record: { ...call.record, state, reason },
  });
  const reasons = () =>
    recent.ofShard(shardOf(call.record.tenantID), 0).map((known) => known.call.record.reason);
  recent.note(endedAs('ending', 'WorkflowCompleted'), 7);
  recent.note(endedAs('settled', 'CarrierEnded'), 5);
  expect(reasons()).toEqual(['WorkflowCompleted']);
  recent.note(endedAs('settled', 'WorkflowCompleted'), 8);
  expect(reasons()).toEqual([]);
});
