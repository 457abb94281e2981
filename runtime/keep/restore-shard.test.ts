import { expect, test } from 'vitest';
import { shardOf } from '#crds/projection/shard.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import type { StoredCall } from '#runtime/call/call-record.ts';
import { LedgerTail } from '#runtime/ledger/ledger-tail.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import type { RestoreResult } from '#runtime/store/restore-script.ts';
import { at, finished, run, talking } from '#runtime/testing/call-life.ts';
import { RecentCalls } from './recent-calls.ts';
import { restoreShard } from './restore-shard.ts';

interface Known {
  readonly recent?: RecentCalls;
  readonly found?: RestoreResult;
  readonly call?: StoredCall;
}

/** Brings a shard back; resolves to what was done, in its order. */
async function restored(
  announce: () => Promise<void>,
  { recent = new RecentCalls(), found = 'There', call }: Known = {},
): Promise<string[]> {
  const done: string[] = [];
  await restoreShard(call ? shardOf(call.record.tenantID) : 's01', {
    announce: () => announce().then(() => void done.push('the pod is there')),
    live: {
      restore: async () => {
        done.push('its calls are there');
        return 1;
      },
    },
    recent,
    tellReason: async ({ record }) => void done.push(`it ended as ${record.reason}`),
    tail: new LedgerTail(createRuntimeMetrics(createRegistry('test'))),
    store: {
      restore: async () => found,
      appendAgain: async () => undefined,
      askForCounters: async () => undefined,
    },
    clock: new FakeClock(at(0)),
    log: silentLogger,
  });
  return done;
}

test('a pod is known again before its calls are, so that they are looked after where it dies over it', async () => {
  expect(await restored(async () => undefined)).toEqual(['the pod is there', 'its calls are there']);
});

test('calls are brought back also where nobody can be told of their pod', async () => {
  const nobody = Promise.reject(new Error('another server is away'));
  expect(await restored(() => nobody)).toEqual(['its calls are there']);
});

test('why a call ended is said again where Redis had lost that before its hang-up came', async () => {
  const { call } = run(...talking, finished('WorkflowCompleted', true, 31));
  if (!call) throw new Error('no call');
  const recent = new RecentCalls();
  recent.note(call, 7);
  const brought = ['the pod is there', 'its calls are there'];
  const there = async () => undefined;
  expect(await restored(there, { recent, found: 'Restored', call })).toEqual(brought);
  expect(await restored(there, { recent, found: 'Settled', call })).toEqual([
    ...brought,
    'it ended as WorkflowCompleted',
  ]);
});
