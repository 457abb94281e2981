import { expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import type { CarrierCommand } from '#runtime/carrier/carrier.ts';
import {
  asked,
  at,
  decided,
  legDialled,
  result,
  run,
  type Step,
  talking,
} from '#runtime/testing/call-life.ts';
import type { CallEvent } from './call-event.ts';
import type { CallRecord } from './call-record.ts';
import { CommandRunner, type CommandRunnerOptions } from './command-runner.ts';

/** A runner whose carrier takes every command; the steps that it was told. */
function runnerInTest() {
  const sent: string[] = [];
  const unused = () => Promise.reject(new Error('this is not asked for here'));
  const options: CommandRunnerOptions = {
    carrier: {
      send: async ({ step, carrierCallID }: CarrierCommand) => {
        sent.push(`${step} ${carrierCallID}`);
        return 'Done';
      },
      dial: unused,
      lookUp: unused,
      activeCalls: unused,
      recordingsOfLeg: unused,
      deleteRecording: unused,
      waiting: 0,
      noteApplication: () => {},
    },
    store: { load: unused },
    slots: { pod: unused, reserve: unused, reserveOn: unused, release: unused },
    advancer: { advance: unused },
    callTokenSecret: 's'.repeat(32),
    log: silentLogger,
    clock: new FakeClock(at(20)),
  };
  return { runner: new CommandRunner(options), sent };
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
