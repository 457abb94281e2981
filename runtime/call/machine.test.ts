import { describe, expect, test } from 'vitest';
import {
  admitted,
  answered,
  at,
  attached,
  due,
  elsewhere,
  finished,
  generationOf,
  givenAway,
  hungUp,
  lost,
  noRoomForLong,
  ownerLost,
  refused,
  result,
  run,
  type Step,
  shown,
  talking,
} from '#runtime/testing/call-life.ts';
import type { CallEvent } from './call-event.ts';
import type { CallState } from './call-record.ts';
import { MAX_ATTEMPTS, MAX_END_ATTEMPTS, MAX_RESUMES, START_STREAM_MS } from './deadlines.ts';
import { decide } from './machine.ts';

/** The stream comes, and is lost without a stop, so many times; `s` seconds after the call began. */
const broken = (times: number, s = 9): Step[] =>
  Array.from({ length: times }, (): Step[] => [
    attached,
    (call) => ({ ...lost(false)(call), atMs: at(s) }),
  ]).flat();

const PATHS: readonly [string, readonly Step[], CallState, string | undefined, string | undefined][] = [
  ['an admitted call is answered', [admitted], 'answering', 'answer', undefined],
  ['a refused call is rejected', [refused], 'ending', 'reject', 'Rejected'],
  [
    'a call that is rejected after Redis lost that it was answered is talked to',
    [refused, (call) => result(call, 'Refused'), answered()],
    'attaching',
    'streaming_start',
    undefined,
  ],
  ['a hang-up of an unknown call is a tombstone', [hungUp(0)], 'settled', undefined, 'CallerHungUp'],
  ['a late call.initiated does nothing', [hungUp(0), admitted], 'settled', undefined, 'CallerHungUp'],
  ['an answered call is streamed', [admitted, answered()], 'attaching', 'streaming_start', undefined],
  ['an answer without a reply is repeated', [admitted, due], 'answering', 'answer', undefined],
  [
    'an answer that the carrier took and of which no webhook tells is asked after',
    [admitted, result, due],
    'answering',
    'look_up',
    undefined,
  ],
  [
    'and has answered the call, where nobody else has it',
    [admitted, result, due, result],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'also where the carrier does not say',
    [admitted, result, due, ...Array<Step>(MAX_ATTEMPTS).fill(due)],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'but is left to the pod that its webhook reached',
    [admitted, result, due, elsewhere],
    'attaching',
    'streaming_start done',
    undefined,
  ],
  [
    'until the carrier tells that its stream is over',
    [
      admitted,
      result,
      due,
      elsewhere,
      (call) => ({ kind: 'streamFailed', atMs: at(9), generation: generationOf(call) }),
    ],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'an answer that is never confirmed ends the call',
    [admitted, ...Array<Step>(MAX_ATTEMPTS).fill(due)],
    'ending',
    'hangup',
    'RuntimeError',
  ],
  [
    'a caller gone before the answer is waited for',
    [admitted, (call) => result(call, 'CallEnded')],
    'ending',
    'hangup done',
    undefined,
  ],
  [
    'and its hang-up then says why',
    [admitted, (call) => result(call, 'CallEnded'), hungUp(2)],
    'settled',
    undefined,
    'CallerHungUp',
  ],
  ['an attached call talks', talking, 'talking', undefined, undefined],
  [
    'a stream asked for too early is asked for again',
    [admitted, answered(), (call) => result(call, 'NotAnswered'), due],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'a stream that never comes ends in an apology',
    [admitted, answered(), ...Array<Step>(MAX_ATTEMPTS).fill((call) => result(call, 'Refused'))],
    'ending',
    'speak',
    'MediaLost',
  ],
  [
    'an apology is followed by the hang-up',
    [
      admitted,
      answered(),
      ...Array<Step>(MAX_ATTEMPTS).fill((call) => result(call, 'Refused')),
      result,
      { kind: 'spoken', atMs: at(9) },
    ],
    'ending',
    'hangup',
    'MediaLost',
  ],
  [
    'a conversation whose voice failed ends in an apology',
    [...talking, finished('EnginesFailed', false)],
    'ending',
    'speak',
    'EnginesFailed',
  ],
  [
    'a finished conversation is hung up',
    [...talking, finished('WorkflowCompleted', true)],
    'ending',
    'hangup',
    'WorkflowCompleted',
  ],
  ['the longest call is hung up', [...talking, due], 'ending', 'hangup', 'MaxDuration'],
  [
    'a broken socket is attached again at once',
    [...talking, lost(false)],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'a stream for which no pod has room is asked for again, and that is no try',
    [...talking, ownerLost, ...Array<Step>(2 * MAX_ATTEMPTS).fill((call) => result(call, 'NoRoom')), due],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'a stream that the carrier could not be asked for is asked for again soon, and that is no try',
    [
      ...talking,
      ownerLost,
      ...Array.from({ length: 2 * MAX_ATTEMPTS }, (): Step[] => [
        (call) => result(call, 'Unreachable'),
        due,
      ]).flat(),
    ],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'a caller for whom no pod has room for long hears an apology',
    [...talking, ownerLost, noRoomForLong],
    'ending',
    'speak',
    'MediaLost',
  ],
  [
    'a stream that the carrier lost is attached again at once',
    [...talking, (call) => ({ kind: 'streamFailed', atMs: at(9), generation: generationOf(call) })],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'a call of a dead pod is attached again at once',
    [...talking, ownerLost],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'a stream that was asked for at a pod that died meanwhile is asked for again',
    [admitted, answered(), result, ownerLost],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'the last word of a session whose stream another pod has does not end the call',
    [...talking, { kind: 'finished', atMs: at(9), generation: 7, reason: 'WorkflowCompleted', told: true }],
    'talking',
    undefined,
    undefined,
  ],
  [
    'a call that is given away is attached at once',
    [...talking, givenAway],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'a call given away by a pod that dies over it is driven on by the next who looks',
    [...talking, givenAway, due, attached],
    'talking',
    undefined,
    undefined,
  ],
  [
    'a stopped stream waits for a hang-up to explain it',
    [...talking, lost(true)],
    'attaching',
    undefined,
    undefined,
  ],
  [
    'a stopped stream that nothing explains is attached again',
    [...talking, (call) => ({ kind: 'streamStopped', atMs: at(9), generation: generationOf(call) }), due],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'the webhook of a stream that was seen to stop does not cut that wait short',
    [
      ...talking,
      lost(true),
      (call) => ({ kind: 'streamStopped', atMs: at(9), generation: generationOf(call) }),
    ],
    'attaching',
    undefined,
    undefined,
  ],
  [
    'the end of an earlier stream changes nothing',
    [...talking, { kind: 'streamStopped', atMs: at(9), generation: 7 }],
    'talking',
    undefined,
    undefined,
  ],
  [
    'a socket that keeps breaking ends the call, after an apology',
    [admitted, answered(), ...broken(MAX_RESUMES + 1)],
    'ending',
    'speak',
    'MediaLost',
  ],
  [
    'but not one that breaks now and then in a long call',
    [admitted, answered(), ...broken(MAX_RESUMES), ...broken(1, 65)],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'a hang-up that the carrier never takes is followed by a question',
    [...talking, due, ...Array<Step>(MAX_END_ATTEMPTS).fill(due)],
    'ending',
    'look_up',
    'MaxDuration',
  ],
  [
    'a question that the carrier never answers is given up',
    [...talking, due, ...Array<Step>(2 * MAX_END_ATTEMPTS).fill(due)],
    'settled',
    undefined,
    'MaxDuration',
  ],
  [
    'a call that the carrier says is open is hung up again',
    [...talking, due, result, due, result],
    'ending',
    'hangup',
    'MaxDuration',
  ],
  [
    'a call that the carrier does not know any more is settled',
    [...talking, due, result, due, (call) => result(call, 'CallEnded')],
    'settled',
    undefined,
    'MaxDuration',
  ],
];

describe('the life of a call', () => {
  test.each(PATHS)('%s', (_name, steps, ...expected) => {
    const record = run(...steps).call?.record;
    expect([record?.state, shown(record?.command), record?.reason]).toEqual(expected);
  });

  test('a lost call.answered is billed from when the carrier took the answer', () => {
    const { call, transitions } = run(admitted, result, due, result, attached, answered(9), hungUp(31));
    expect(call?.record.answeredAtMs).toBe(at(1));
    expect(transitions.flatMap(({ ledger }) => ledger.map(({ kind }) => kind))).toEqual([
      'started',
      'answered',
      'ended',
      'usage',
    ]);
  });

  test('every stream but the first asks for the one before to be stopped', () => {
    const first = run(...talking.slice(0, 2)).call;
    expect(first?.record.command?.restart).toBe(false);
    const again = run(...talking, lost(false)).call;
    expect(again?.record.command?.restart).toBe(true);
  });

  test('a stream that its pod lost goes elsewhere, one whose socket broke comes back', () => {
    const before = run(...talking).call;
    expect(run(...talking, ownerLost).call?.record.lostPod).toBe(before?.record.pod);
    expect(run(...talking, ownerLost, attached).call?.record.lostPod).toBeUndefined();
    expect(run(...talking, lost(false)).call?.record.lostPod).toBeUndefined();
  });

  test('a pod is believed dead for its own streams alone', () => {
    const { call } = run(...talking);
    const event = ownerLost(call);
    if (event.kind !== 'ownerLost') throw new Error('another event');
    expect(decide(call, { ...event, pod: 'b' })).toBeUndefined();
    expect(decide(call, { ...event, generation: event.generation - 1 })).toBeUndefined();
  });

  test('a call given away goes to the pod that has the slot, and only in time is nothing to apologise for', () => {
    const inTime = run(...talking, givenAway, attached).call?.record;
    const late = run(...talking, givenAway, due, attached).call?.record;
    const failed = run(...talking, givenAway, (call) => result(call, 'Refused'), attached).call?.record;
    const again = run(...talking, givenAway, attached, lost(false), attached).call?.record;
    expect(run(...talking, givenAway).call?.record.pod).toBe('b');
    expect([inTime, late, failed, again].map((record) => record?.seamless === true)).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test('a second socket for the same generation is refused, also once its stream has stopped', () => {
    for (const { call } of [run(...talking), run(...talking, lost(true))]) {
      expect(decide(call, attached(call))).toBeUndefined();
    }
  });

  test('a stream that was to be asked for by a pod that died is asked for again, and that is no further try', () => {
    const before = run(admitted, answered()).call?.record;
    const after = run(admitted, answered(), ownerLost).call?.record;
    expect(after).toMatchObject({ command: before?.command, attempts: before?.attempts });
  });

  test('nobody waits long for a stream that was never asked for', () => {
    for (const steps of [
      [admitted, answered()],
      [...talking, lost(false)],
      [...talking, givenAway],
    ]) {
      const { deadlineAtMs = 0, generation = 0 } = run(...steps).call?.record ?? {};
      expect(deadlineAtMs - generation / 1_000).toBe(START_STREAM_MS);
    }
  });

  test('every restart of a stream has a generation of its own, also with a clock behind', () => {
    const { call } = run(...talking);
    const lost: CallEvent = {
      kind: 'mediaLost',
      atMs: at(-100),
      generation: generationOf(call),
      stopped: false,
    };
    expect(generationOf(decide(call, lost)?.call)).toBe(generationOf(call) + 1);
  });

  test('an overdue look at a state that was left since does nothing', () => {
    const { call } = run(admitted);
    expect(decide(call, { kind: 'due', atMs: at(0) })).toBeUndefined();
  });
});
