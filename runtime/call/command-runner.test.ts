import { describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import type { CarrierCommand, CarrierResult } from '#runtime/carrier/carrier.ts';
import {
  asked,
  at,
  attached,
  bridged,
  decided,
  legDialled,
  result,
  run,
  type Step,
  talking,
  transferred,
} from '#runtime/testing/call-life.ts';
import type { CallEvent } from './call-event.ts';
import type { CallRecord } from './call-record.ts';
import { CommandRunner, type CommandRunnerOptions } from './command-runner.ts';

/** A runner whose carrier answers so, at a pool without room; what the carrier was told, and the call of it. */
function runnerInTest(result: CarrierResult = 'Done') {
  const sent: string[] = [];
  const told: CallEvent[] = [];
  const unused = () => Promise.reject(new Error('this is not asked for here'));
  const options: CommandRunnerOptions = {
    carrier: {
      send: async ({ step, carrierCallID }: CarrierCommand) => {
        sent.push(`${step} ${carrierCallID}`);
        return result;
      },
      dial: unused,
      lookUp: async () => ({ status: 'Live', clientState: undefined }),
      activeCalls: unused,
      recordingsOfLeg: unused,
      deleteRecording: unused,
      waiting: 0,
      noteApplication: () => {},
    },
    store: { load: unused },
    slots: {
      pod: async () => undefined,
      reserve: async () => ({ outcome: 'PodsFull', pod: undefined }),
      reserveOn: unused,
      release: unused,
    },
    advancer: {
      advance: async ({ event }) => {
        told.push(event);
        return { outcome: 'Stored', call: undefined, version: 0 };
      },
    },
    callTokenSecret: 's'.repeat(32),
    log: silentLogger,
    clock: new FakeClock(at(20)),
  };
  return { runner: new CommandRunner(options), sent, told };
}

function recordAfter(...steps: readonly Step[]): CallRecord {
  const { record } = run(...steps).call ?? {};
  if (!record) throw new Error('there is no call');
  return record;
}

/** The reply to `dial`, which names the leg. */
function dialled({ transfer }: CallRecord): CallEvent {
  const { generation = 0 } = transfer ?? {};
  return { kind: 'commandDone', atMs: at(12), step: 'dial', generation, legCallID: 'v3:leg' };
}

test.each<[string, readonly string[], CallRecord | undefined]>([
  [
    'is ended where its caller is with the agent again',
    ['hangup v3:leg'],
    recordAfter(...talking, asked, decided('Declined')),
  ],
  ['is kept where it is still asked', [], recordAfter(...talking, asked, result, legDialled)],
  // The two may be talking, and whoever has the call writes it back.
  ['is kept where Redis has lost the call meanwhile', [], undefined],
])('a leg of which only the reply to its dial tells %s', async (_, expected, after) => {
  const { runner, sent } = runnerInTest();
  const record = recordAfter(...talking, asked);
  await runner.endUnwantedLeg(record, dialled(record), after);
  expect(sent).toEqual(expected);
});

describe('the leg of a transfer that failed', () => {
  const record = recordAfter(...talking, asked, result, legDialled, decided('Declined'));

  test('is ended, and the call is told so', async () => {
    const { runner, sent, told } = runnerInTest();
    await runner.endFailedLegs(record);
    expect(sent).toEqual(['hangup v3:leg']);
    const { generation } = record.transfer ?? {};
    expect(told).toEqual([{ kind: 'commandDone', atMs: at(20), step: 'end_leg', generation }]);
  });

  test.each(['Throttled', 'Unreachable', 'Refused'] as const)(
    'stays to be ended where the carrier says %s',
    async (failure) => {
      const { runner, told } = runnerInTest(failure);
      await runner.endFailedLegs(record);
      expect(told).toEqual([]);
    },
  );

  test('is over where the carrier says so', async () => {
    const { runner, told } = runnerInTest('CallEnded');
    await runner.endFailedLegs(record);
    expect(told).toHaveLength(1);
  });

  test('is ended beside the transfer of a caller who is put through at once', async () => {
    const { runner, sent, told } = runnerInTest();
    await runner.endFailedLegs(
      recordAfter(...talking, asked, result, legDialled, decided('Declined'), attached, transferred),
    );
    expect([sent, told]).toEqual([['hangup v3:leg'], []]);
  });
});

describe('the stream of an agent whose caller a person has', () => {
  const record = recordAfter(...talking, asked, result, legDialled, decided('Accepted'), result, bridged);
  const { command } = record;
  if (!command) throw new Error('the stream is to be stopped');

  test.each<[CarrierResult, string]>([
    ['Done', 'commandDone'],
    ['CallEnded', 'commandDone'],
    // There is none any more.
    ['Refused', 'commandDone'],
    ['Throttled', 'commandFailed'],
    ['Unreachable', 'commandFailed'],
  ])('is stopped again unless the carrier took that: %s', async (result, kind) => {
    const { runner, sent } = runnerInTest(result);
    expect(await runner.run(record, command)).toMatchObject({ kind, step: 'look_up' });
    expect(sent).toEqual(['streaming_stop v3:abc']);
  });
});
