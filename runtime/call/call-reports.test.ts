import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { lost, run, talking } from '#runtime/testing/call-life.ts';
import type { LiveCallServices } from './call.ts';
import type { StoredCall } from './call-record.ts';
import { CallReports } from './call-reports.ts';

test('a lost stream whose end was stored, and of which that is not known, is asked for again at once', async () => {
  const { call } = run(...talking);
  const { call: after } = run(...talking, lost(false));
  if (!call) throw new Error('no call');
  const clock = new FakeClock();
  const driven: StoredCall[] = [];
  let tries = 0;
  const services = {
    clock,
    advancer: {
      advance: async () => {
        tries += 1;
        if (tries === 1) throw new Error('the reply was lost');
        return { outcome: 'Ignored', call: after, version: 9 };
      },
    },
    driver: { drive: async (one: StoredCall) => void driven.push(one) },
  } as unknown as LiveCallServices;
  const told = new CallReports(call.record, services, silentLogger).lost(false);
  await clock.advance(1_000);
  await told;
  expect([tries, driven]).toEqual([2, [after]]);
});
