import { describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import type { CarrierCallStatus } from '#runtime/carrier/carrier.ts';
import { type ClientState, encodeClientState } from '#runtime/carrier/client-state.ts';
import {
  asked,
  at,
  attached,
  decided,
  due,
  legAnswered,
  legDialled,
  lost,
  result,
  run,
  talking,
  transferred,
} from '#runtime/testing/call-life.ts';
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

test.each([
  ['is named where it is open', true, { kind: 'commandDone', legCallID: 'v3:leg' }],
  ['is not there where it is not', false, { kind: 'commandFailed', failure: 'CallEnded' }],
])('a leg that nobody has named %s', async (_, isOpen, expected) => {
  const secret = 'x'.repeat(32);
  const { record } = run(...talking, asked, lost(false), (call) => attached(call, 60)).call ?? {};
  if (!record?.command || !record.transfer) throw new Error('nothing is asked');
  const { tenantID, callID } = record;
  const state = { tenantID, callID, shard: 's00', leg: true, asked: true } as const;
  const legs = [record.transfer.generation - 1, record.transfer.generation].map((generation, index) => ({
    carrierCallID: index === 0 ? 'v3:earlier' : 'v3:leg',
    clientState: encodeClientState({ ...state, generation }, secret),
  }));
  const carrier = {
    lookUp: () => Promise.reject(new Error('there is no leg to be asked after')),
    activeCalls: async () => (isOpen ? legs : legs.slice(0, 1)),
  };
  const options = { carrier, callTokenSecret: secret, log: silentLogger, clock: new FakeClock(at(60)) };
  expect(await askCarrier(record, record.command, options)).toMatchObject(expected);
});

describe('a person who takes the call, at a carrier that says nothing of the bridge', () => {
  const secret = 'x'.repeat(32);
  const { record } = run(...talking, asked, result, legDialled, legAnswered, decided('Accepted')).call ?? {};
  // Once it is asked after the leg.
  const command = { step: 'look_up', generation: 1, done: false } as const;

  test.each<[string, CarrierCallStatus | Partial<ClientState>, object]>([
    ['has the caller where their leg says so', { bridged: true }, { kind: 'bridged', occurredAtMs: at(20) }],
    ['does not where it says that no bridge was made', {}, { kind: 'commandDone', apart: true }],
    [
      'may have them where it tells of another stream',
      { generation: 1 },
      { kind: 'commandDone', apart: false },
    ],
    [
      'may have them where it tells of none',
      { status: 'Live', clientState: undefined },
      { kind: 'commandDone', apart: false },
    ],
    [
      'does not where they have hung up',
      { status: 'Ended', endedAtMs: at(25) },
      { kind: 'hungUp', occurredAtMs: at(25) },
    ],
    ['does not where their leg is gone', { status: 'Unknown' }, { failure: 'CallEnded' }],
    ['may have them where the carrier does not say', { status: 'Unreachable' }, { failure: 'Unreachable' }],
  ])('%s', async (_, told, expected) => {
    if (!record) throw new Error('there is no call');
    const { tenantID, callID, generation } = record;
    const state = { tenantID, callID, shard: 's00', generation, ...told };
    const caller: CarrierCallStatus =
      'status' in told ? told : { status: 'Live', clientState: encodeClientState(state, secret) };
    const carrier = {
      lookUp: async (id: string) =>
        id === record.carrierCallID ? caller : ({ status: 'Live', clientState: undefined } as const),
      activeCalls: async () => [],
    };
    const options = { carrier, callTokenSecret: secret, log: silentLogger, clock: new FakeClock(at(30)) };
    expect(await askCarrier(record, command, options)).toMatchObject(expected);
  });
});
