import { describe, expect, test } from 'vitest';
import {
  at,
  attached,
  bridged,
  bridgedOfCaller,
  due,
  generationOf,
  givenAway,
  hungUp,
  legAnswered,
  legDialled,
  legHungUp,
  lost,
  replied,
  result,
  run,
  type Step,
  talking,
  transferred,
} from '#runtime/testing/call-life.ts';
import type { CallEvent } from '../call-event.ts';
import type { CallState, StoredCall, TransferFailure } from '../call-record.ts';
import { LEG_CHECK_MS, MAX_ATTEMPTS, MAX_END_ATTEMPTS, MAX_TRANSFERS, TRANSFER_MS } from '../deadlines.ts';
import { decide } from '../machine.ts';
import type { Transition } from '../transition.ts';

const ringing = [...talking, transferred, result, legDialled] as const;
/** It rings for as long as anything can, by the carrier's word alone. */
const rungOut = [
  ...ringing,
  ...Array.from({ length: Math.floor(TRANSFER_MS / LEG_CHECK_MS) }, () => [due, replied()]).flat(),
] as const;
const handedOver = [...ringing, bridged] as const;
const bridgedAt = (s: number): CallEvent => ({
  kind: 'bridged',
  atMs: at(s),
  generation: undefined,
  occurredAtMs: at(s),
});
const looped = { kind: 'looped', atMs: at(12), seenAtMs: at(12) } as const;

const PATHS: readonly [
  string,
  readonly Step[],
  CallState,
  string | undefined,
  TransferFailure | undefined,
][] = [
  ['a transfer is asked of the carrier', [...talking, transferred], 'transferring', 'transfer', undefined],
  ['a bridge hands the call over', handedOver, 'handed-over', undefined, undefined],
  [
    'so does one that is told first',
    [...talking, transferred, bridgedOfCaller(15)],
    'handed-over',
    undefined,
    undefined,
  ],
  [
    'a busy person gives the caller back',
    [...ringing, legHungUp(12, 'Busy')],
    'attaching',
    'streaming_start',
    'Busy',
  ],
  [
    'so does a carrier that refuses',
    [...talking, transferred, (call) => result(call, 'Refused')],
    'attaching',
    'streaming_start',
    'Failed',
  ],
  [
    'one that never replies is asked whether it dialled',
    [...talking, transferred, ...Array<Step>(MAX_ATTEMPTS).fill(due)],
    'transferring',
    'look_up',
    undefined,
  ],
  [
    'and gives the caller back where it did not',
    [...talking, transferred, ...Array<Step>(MAX_ATTEMPTS).fill(due), replied('CallEnded')],
    'attaching',
    'streaming_start',
    'Failed',
  ],
  [
    'and where it did, that may still ring',
    [...talking, transferred, ...Array<Step>(MAX_ATTEMPTS).fill(due), replied()],
    'transferring',
    'look_up done',
    undefined,
  ],
  [
    'a leg of which nothing more is told is asked after',
    [...ringing, due],
    'transferring',
    'look_up',
    undefined,
  ],
  [
    'one that is gone soon gives the caller back, as do all whose end is told',
    [...ringing, due, replied('CallEnded')],
    'attaching',
    'streaming_start',
    'Failed',
  ],
  [
    'one that lives is asked after again and again',
    [...ringing, due, replied(), due, replied(), due],
    'transferring',
    'look_up',
    undefined,
  ],
  [
    'one that is gone when it has rung out was not answered',
    [...rungOut, due, replied('CallEnded')],
    'attaching',
    'streaming_start',
    'NoAnswer',
  ],
  [
    'one that lives when nobody can ring any more was answered',
    [...rungOut, due, replied()],
    'handed-over',
    undefined,
    undefined,
  ],
  [
    'the webhooks of which may come meanwhile',
    [...ringing, due, legAnswered, bridged, replied('CallEnded')],
    'handed-over',
    undefined,
    undefined,
  ],
  [
    'one of which the carrier says nothing for long is not taken from the caller',
    [
      ...ringing,
      ...Array.from({ length: MAX_END_ATTEMPTS }, () => [due, replied('Unreachable')]).flat(),
      due,
    ],
    'handed-over',
    undefined,
    undefined,
  ],
  [
    'a person who answered has the call, also where the bridge is not told',
    [...ringing, legAnswered, due],
    'handed-over',
    undefined,
    undefined,
  ],
  [
    'a person who answered and hung up had the call, also where the bridge is not told yet',
    [...ringing, legHungUp(20)],
    'handed-over',
    undefined,
    undefined,
  ],
  [
    'a caller who hangs up while it rings is settled',
    [...ringing, hungUp(13)],
    'settled',
    undefined,
    undefined,
  ],
  ['a loop gives the caller back', [...ringing, looped], 'attaching', 'streaming_start', 'Loop'],
  [
    'the loop of an earlier transfer changes nothing',
    [...ringing, { ...looped, seenAtMs: at(9) }],
    'transferring',
    'transfer done',
    undefined,
  ],
  [
    'unless somebody has answered',
    [...ringing, legAnswered, looped],
    'transferring',
    'transfer done',
    undefined,
  ],
  [
    'a person who answers after the transfer was given up has the call, and the agent is to be quiet',
    [...ringing, looped, bridged],
    'handed-over',
    'look_up',
    undefined,
  ],
  [
    'also when the caller was talked to meanwhile',
    [...ringing, looped, attached, lost(false), attached, givenAway, attached, bridged],
    'handed-over',
    'look_up',
    undefined,
  ],
  [
    'a bridge that is over when it is told changes nothing',
    [...handedOver, legHungUp(20), due, result, attached, bridged],
    'talking',
    undefined,
    'Failed',
  ],
  ['a call with a person is asked after', [...handedOver, due], 'handed-over', 'look_up', undefined],
  ['and left alone where it lives', [...handedOver, due, result], 'handed-over', 'look_up done', undefined],
  [
    "a caller whose person is gone and who is still there is the agent's again",
    [...handedOver, legHungUp(20), due, result],
    'attaching',
    'streaming_start',
    'Failed',
  ],
  [
    'a call is not transferred for ever',
    [
      ...talking,
      ...Array.from({ length: MAX_TRANSFERS }, (): Step[] => [
        transferred,
        legHungUp(12, 'Busy'),
        attached,
      ]).flat(),
      transferred,
    ],
    'attaching',
    'streaming_start',
    'Failed',
  ],
];

describe('a call on its way to a person', () => {
  test.each(PATHS)('%s', (_name, steps, ...expected) => {
    const { state, command, transfer } = run(...steps).call?.record ?? {};
    const shown = command && `${command.step}${command.done ? ' done' : ''}`;
    expect([state, shown, transfer?.failure]).toEqual(expected);
  });

  test.each([
    ['transferring', ringing],
    ['handed-over', handedOver],
  ])('in %s the end of the stream and of its session says nothing', (_state, steps) => {
    const { call } = run(...steps);
    const generation = generationOf(call);
    for (const event of [
      { kind: 'mediaLost', atMs: at(16), generation, stopped: true },
      { kind: 'streamStopped', atMs: at(16), generation },
      { kind: 'streamFailed', atMs: at(16), generation },
    ] as const) {
      expect(decide(call, event)).toBeUndefined();
    }
  });

  test('what is told of an earlier transfer says nothing of the present one', () => {
    const { call } = run(...ringing, legHungUp(12, 'Busy'), attached, transferred);
    expect(
      decide(call, { kind: 'legHungUp', atMs: at(13), generation: 1, occurredAtMs: at(13), failure: 'Busy' }),
    ).toBeUndefined();
    expect(
      decide(call, { kind: 'bridged', atMs: at(13), generation: 1, occurredAtMs: at(13) }),
    ).toBeUndefined();
  });

  test('a leg that may still ring is hung up before the caller gets a stream, one that has ended is not', () => {
    const endsLeg = (...steps: readonly Step[]) => run(...ringing, ...steps).call?.record.command?.endLeg;
    expect(endsLeg(looped)).toBe(true);
    expect(endsLeg(legHungUp(12, 'Busy'))).toBe(false);
    expect(endsLeg(due, replied('CallEnded'))).toBe(false);
  });

  test("the agent's stream is stopped before people talk, also by the pod that comes to it later", () => {
    const endsStream = (...steps: readonly Step[]) => run(...steps).call?.record.command?.endStream === true;
    expect(endsStream(...ringing, looped, attached, bridged)).toBe(true);
    expect(endsStream(...ringing, looped, attached, bridged, due)).toBe(true);
    expect(endsStream(...ringing, looped, attached, bridged, replied(), due)).toBe(false);
    expect(endsStream(...handedOver, due)).toBe(false);
  });

  test('that the caller came back is told once', () => {
    const returned = run(...ringing, legHungUp(12, 'Busy'), attached).call;
    expect(returned?.record.transfer?.failure).toBe('Busy');
    expect(returned?.record.transfer?.told).toBeUndefined();
    expect(decide(returned, lost(false)(returned))?.call.record.transfer?.told).toBe(true);
  });
});

describe('the books of a call that a person had', () => {
  const last = (transitions: readonly Transition[], kind: 'usage' | 'ended') =>
    transitions.flatMap(({ ledger }) => ledger).findLast((event) => event.kind === kind);

  test('seconds end at the bridge, and the lease is held until the hang-up', () => {
    const { transitions } = run(...handedOver, hungUp(600));
    expect(last(transitions, 'usage')).toMatchObject({ calls: 1, callSeconds: 14, revision: 0 });
    expect(last(transitions, 'ended')).toMatchObject({ reason: 'Transferred', revision: 0 });
    expect(transitions.map(({ lease }) => lease).filter((lease) => lease !== 'keep')).toEqual([
      'hold',
      'hold',
      'free',
    ]);
  });

  describe("of a caller who comes back to the agent, a person's time is not the agent's", () => {
    const back = [
      ...handedOver,
      legHungUp(915),
      due,
      result,
      (call?: StoredCall) => attached(call, 920),
    ] as const;
    const byPeople = (transitions: readonly Transition[]) =>
      transitions.reduce((sum, { transferred: added }) => sum + (added?.seconds ?? 0), 0);

    test('in what it used', () => {
      const { transitions } = run(...back, hungUp(930));
      expect(last(transitions, 'usage')).toMatchObject({ callSeconds: 29, revision: 0 });
      expect(last(transitions, 'ended')).toMatchObject({ reason: 'CallerHungUp' });
      expect(byPeople(transitions)).toBe(900);
    });

    test('in how long it may last', () => {
      const { call } = run(...back);
      expect(call?.record).toMatchObject({ state: 'talking', deadlineAtMs: at(1 + 600 + 900) });
    });

    test('also with another person after the first', () => {
      const { transitions } = run(...back, transferred, bridgedAt(1_000), legHungUp(1_060), hungUp(1_060));
      expect(last(transitions, 'usage')).toMatchObject({ callSeconds: 99, revision: 0 });
      expect(byPeople(transitions)).toBe(960);
    });

    test('however late, and in whatever order, the carrier tells', () => {
      const gone = [...rungOut, due, replied('CallEnded')];
      const late = [bridged, legHungUp(20), hungUp(80), (call?: StoredCall) => attached(call, 50)];
      for (const order of permutationsOf<Step>(late)) {
        const { transitions } = run(...gone, ...order);
        expect(last(transitions, 'usage')).toMatchObject({ callSeconds: 74 });
        expect(byPeople(transitions)).toBe(5);
      }
    });
  });

  test('a bridge of an earlier transfer, of which the carrier tells late, is not the present one', () => {
    const again: Step = (call) => ({ ...transferred(call), atMs: at(40) });
    const { call } = run(...ringing, legHungUp(12, 'Busy'), attached, again, result, bridgedOfCaller(13));
    expect(call?.record.state).toBe('transferring');
    expect(
      run(...ringing, legHungUp(12, 'Busy'), attached, again, bridgedOfCaller(41)).call?.record.state,
    ).toBe('handed-over');
  });

  test('a caller who was given back is counted to the hang-up', () => {
    const { transitions } = run(...ringing, legHungUp(12, 'Busy'), attached, hungUp(61));
    expect(last(transitions, 'usage')).toMatchObject({ callSeconds: 60 });
    expect(last(transitions, 'ended')).toMatchObject({ reason: 'CallerHungUp' });
  });

  test('are the same in whatever order, and however often, the carrier tells', () => {
    const told: readonly Step[] = [
      legDialled,
      legAnswered,
      bridged,
      bridgedOfCaller(15),
      legHungUp(20),
      hungUp(20),
    ];
    for (const order of permutationsOf(told)) {
      const { call, transitions } = run(...talking, transferred, ...order.flatMap((step) => [step, step]));
      expect(call?.record.state).toBe('settled');
      expect(last(transitions, 'usage')).toMatchObject({ calls: 1, callSeconds: 14 });
      expect(last(transitions, 'ended')).toMatchObject({ reason: 'Transferred' });
      const counted = transitions.reduce((sum, { counters }) => sum + (counters?.callSeconds ?? 0), 0);
      expect(counted).toBe(14);
      const byPeople = transitions.reduce((sum, { transferred: added }) => sum + (added?.seconds ?? 0), 0);
      expect(byPeople).toBe(5);
    }
  });
});

function permutationsOf<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, index) =>
    permutationsOf(items.toSpliced(index, 1)).map((others) => [item, ...others]),
  );
}
