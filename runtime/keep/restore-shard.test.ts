import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { LedgerTail } from '#runtime/ledger/ledger-tail.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { RecentCalls } from './recent-calls.ts';
import { restoreShard } from './restore-shard.ts';

/** Brings a shard back; resolves to what was done, in its order. */
async function restored(announce: () => Promise<void>): Promise<string[]> {
  const done: string[] = [];
  await restoreShard('s01', {
    announce: () => announce().then(() => void done.push('the pod is there')),
    live: {
      restore: async () => {
        done.push('its calls are there');
        return 1;
      },
    },
    recent: new RecentCalls(),
    tail: new LedgerTail(createRuntimeMetrics(createRegistry('test'))),
    store: {
      restore: async () => 'There',
      appendAgain: async () => undefined,
      askForCounters: async () => undefined,
    },
    clock: new FakeClock(),
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
