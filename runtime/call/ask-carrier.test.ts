import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import type { CarrierCallStatus } from '#runtime/carrier/carrier.ts';
import { at, due, legDialled, result, run, talking, transferred } from '#runtime/testing/call-life.ts';
import { askCarrier } from './ask-carrier.ts';
import { ringingUntilMs } from './consult.ts';

const noEnd: CarrierCallStatus = { status: 'Ended', endedAtMs: undefined };

test.each<[string, CarrierCallStatus, 'early' | 'late', string]>([
  ['is alive', { status: 'Live', clientState: undefined }, 'early', 'commandDone'],
  ['is not alive and has no end, as what is being dialled', noEnd, 'early', 'commandDone'],
  ['is the same when nobody can be ringing any more', noEnd, 'late', 'commandFailed CallEnded'],
  ['has an end', { status: 'Ended', endedAtMs: at(14) }, 'early', 'commandFailed CallEnded'],
  ['is not known', { status: 'Unknown' }, 'early', 'commandFailed CallEnded'],
  ['is not told of', { status: 'Unreachable' }, 'early', 'commandFailed Unreachable'],
])('a leg that %s', async (_which, status, when, expected) => {
  const { record } = run(...talking, transferred, result, legDialled, due).call ?? {};
  if (!record?.command || !record.transfer) throw new Error('nothing is asked');
  const clock = new FakeClock(when === 'early' ? at(14) : ringingUntilMs(record.transfer));
  const carrier = { lookUp: async () => status, activeCalls: async () => [] };
  const options = { carrier, callTokenSecret: 'x'.repeat(32), log: silentLogger, clock };
  const event = await askCarrier(record, record.command, options);
  expect('failure' in event ? `${event.kind} ${event.failure}` : event.kind).toBe(expected);
});
