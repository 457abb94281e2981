import { describe, expect, test } from 'vitest';
import {
  admitted,
  answered,
  at,
  due,
  finished,
  generationOf,
  hungUp,
  lost,
  result,
  run,
  type Step,
  talking,
} from '#runtime/testing/call-life.ts';
import type { CallEvent } from './call-event.ts';
import type { StoredCall } from './call-record.ts';
import { newConversation } from './conversation-state.ts';
import { MAX_END_ATTEMPTS } from './deadlines.ts';
import { decide } from './machine.ts';
import type { Transition } from './transition.ts';

/** An hour later the carrier knows nothing of the call; or says that it is over. */
const gone: CallEvent = { kind: 'gone', atMs: at(3_600) };
const earlier: CallEvent = {
  kind: 'finished',
  atMs: at(31),
  generation: 7,
  reason: 'WorkflowCompleted',
  told: true,
};
/** The same, and the call was hung up with it. */
const earlierAndHungUp: CallEvent = { ...earlier, hungUp: true };
const overAtCarrier = (call: StoredCall | undefined): CallEvent => result(call, 'CallEnded');

describe('settling', () => {
  const usageOf = (transitions: readonly Transition[]) =>
    transitions.flatMap(({ ledger }) => ledger).filter((event) => event.kind === 'usage');

  test('seconds run from call.answered to call.hangup and belong to the month of call.answered', () => {
    // Answered at 23:59:01 on 31 May, hung up 90.5 s later, on 1 June.
    const { transitions } = run(...talking, hungUp(91.5));
    expect(usageOf(transitions)).toMatchObject([
      { month: '2026-05', calls: 1, callSeconds: 91, revision: 0, sttSeconds: 0, ttsCharacters: 0 },
    ]);
    expect(transitions.at(-1)).toMatchObject({
      lease: 'free',
      counters: { month: '2026-05', calls: 1, callSeconds: 91 },
    });
  });

  test('a call that was never answered uses nothing', () => {
    const { transitions } = run(admitted, hungUp(5));
    expect(usageOf(transitions)).toEqual([]);
    expect(transitions.at(-1)?.counters).toBeUndefined();
    expect(transitions.at(-1)?.ledger.map(({ kind }) => kind)).toEqual(['ended']);
  });

  test('a hang-up before its call.answered is metered when that comes', () => {
    const { transitions } = run(admitted, hungUp(11), answered(1));
    expect(usageOf(transitions)).toMatchObject([{ callSeconds: 10, revision: 0 }]);
    expect(transitions.flatMap(({ ledger }) => ledger).filter(({ kind }) => kind === 'ended')).toHaveLength(
      1,
    );
  });

  test('a call that was up is metered from when the carrier took our answer, until call.answered says better', () => {
    const { transitions } = run(admitted, result, hungUp(4, true, true), answered(2), answered(3));
    expect(usageOf(transitions)).toMatchObject([
      { callSeconds: 3, revision: 0 },
      { callSeconds: 2, revision: 1 },
    ]);
    expect(transitions.at(-1)?.counters).toMatchObject({ calls: 0, callSeconds: -1 });
  });

  test('also where the reply to our answer was lost; and one that only rang uses nothing', () => {
    expect(usageOf(run(admitted, hungUp(4, true, true)).transitions)).toMatchObject([{ callSeconds: 4 }]);
    expect(usageOf(run(admitted, result, hungUp(4)).transitions)).toEqual([]);
  });

  test('also where the carrier was asked before its hang-up came, and says no more than when the call ended', () => {
    const found = (s: number): CallEvent => ({ ...hungUp(s), wasUp: undefined });
    const overdue: readonly Step[] = [admitted, result, due];
    expect(usageOf(run(...overdue, found(3)).transitions)).toMatchObject([{ callSeconds: 2 }]);
    expect(usageOf(run(...overdue, found(1.5)).transitions)).toEqual([]);
    const { transitions } = run(...overdue, found(1.5), hungUp(1.5, true, true));
    expect(usageOf(transitions)).toMatchObject([{ callSeconds: 1, revision: 0 }]);
    expect(transitions.at(-1)?.counters).toMatchObject({ calls: 1, callSeconds: 1 });
  });

  test('also where it was given up before, and its caller hung up; not where it may have rung until we did', () => {
    const givenUp: readonly Step[] = [admitted, (call) => result(call, 'CallEnded')];
    expect(usageOf(run(...givenUp, hungUp(4, true, true)).transitions)).toMatchObject([{ calls: 1 }]);
    expect(usageOf(run(...givenUp, hungUp(4, false, true)).transitions)).toEqual([]);
  });

  test('what a caller had answered is told of a call whose session was killed', () => {
    const { call } = run(...talking);
    const name = { name: 'name', label: 'Name', value: 'Ada', spoken: 'Ada' };
    const kept = { ...newConversation('lead-capture'), collected: [name], nextTurn: 4, keptAtMs: at(20) };
    const told = (phase: 'Collecting' | 'Done') => {
      const conversation = { ...kept, phase };
      return (
        call && decide({ ...call, conversation }, hungUp(31))?.ledger.filter(({ kind }) => kind === 'lead')
      );
    };
    expect(told('Collecting')).toMatchObject([
      { fields: [name], complete: false, revision: 4, occurredAt: new Date(at(20)).toISOString() },
    ]);
    expect(told('Done')).toEqual([]);
  });

  test('a call given up is billed to when we ended it, and corrected by a late hang-up', () => {
    const { transitions } = run(
      ...talking,
      finished('WorkflowCompleted', true, 31),
      ...Array<Step>(2 * MAX_END_ATTEMPTS).fill(due),
      hungUp(33),
    );
    expect(usageOf(transitions)).toMatchObject([
      { callSeconds: 30, revision: 0 },
      { callSeconds: 32, revision: 1 },
    ]);
    expect(transitions.at(-1)?.counters).toMatchObject({ calls: 0, callSeconds: 2 });
  });

  test.each<[string, readonly Step[], readonly (readonly [string, number])[]]>([
    [
      'by a conversation whose end was stored after the hang-up',
      [hungUp(31, false), finished('WorkflowCompleted', true, 31)],
      [
        ['CarrierEnded', 0],
        ['WorkflowCompleted', 1],
      ],
    ],
    [
      'by its caller, while the conversation ended, too',
      [hungUp(31), finished('WorkflowCompleted', true, 31)],
      [['CallerHungUp', 0]],
    ],
    ['by a conversation of an earlier stream', [hungUp(31, false), earlier], [['CarrierEnded', 0]]],
    [
      'by one of an earlier stream that was hung up with it',
      [hungUp(31, false), earlierAndHungUp],
      [
        ['CarrierEnded', 0],
        ['WorkflowCompleted', 1],
      ],
    ],
    [
      'by a conversation whose stream the carrier stopped before its end was stored',
      [lost(true), finished('WorkflowCompleted', true, 31), hungUp(31, false)],
      [['WorkflowCompleted', 0]],
    ],
    [
      'by one that was hung up before its end was stored, and whose stream was asked for again by then',
      [lost(true), due, earlierAndHungUp, hungUp(31, false)],
      [['WorkflowCompleted', 0]],
    ],
    [
      'by one of which the carrier said first that it is over',
      [lost(true), due, overAtCarrier, earlierAndHungUp, hungUp(31, false)],
      [['WorkflowCompleted', 0]],
    ],
  ])('a call is told to be ended %s', (_whom, steps, told) => {
    const ledger = run(...talking, ...steps).transitions.flatMap((transition) => transition.ledger);
    const ended = ledger.flatMap((event) => (event.kind === 'ended' ? [[event.reason, event.revision]] : []));
    expect(ended).toEqual(told);
  });

  test.each<[string, number | undefined, readonly Step[], number]>([
    // Attached at the second second.
    ['since it was attached, of which nothing else is known', undefined, [gone], 1],
    ['since its conversation was kept last', 20, [gone], 19],
    ['though that is found only when it has lasted as long as it may', 20, [due, overAtCarrier], 19],
    ['until its webhook tells after all', undefined, [gone, hungUp(25)], 24],
  ])('a call whose end nobody tells is billed to when it was there: %s', (_what, keptAtS, steps, seconds) => {
    let { call } = run(...talking);
    const conversation = keptAtS && { ...newConversation('lead-capture'), keptAtMs: at(keptAtS) };
    if (call && conversation) call = { ...call, conversation };
    const transitions: Transition[] = [];
    for (const step of [...steps, ...Array<Step>(2 * MAX_END_ATTEMPTS).fill(due)]) {
      const transition = decide(call, typeof step === 'function' ? step(call) : step);
      if (transition) transitions.push(transition);
      call = transition?.call ?? call;
    }
    expect(usageOf(transitions).at(-1)).toMatchObject({ callSeconds: seconds });
  });

  test('what the last session used corrects the usage once', () => {
    const conversation = { ...newConversation('lead-capture'), sttMs: 4_200, ttsCharacters: 77 };
    const counted = (call: StoredCall | undefined): CallEvent => ({
      kind: 'counted',
      atMs: at(32),
      generation: generationOf(call),
      conversation,
    });
    const { transitions } = run(...talking, hungUp(31), counted, counted);
    expect(usageOf(transitions)).toMatchObject([
      { sttSeconds: 0, revision: 0 },
      { sttSeconds: 5, ttsCharacters: 77, revision: 1 },
    ]);
  });
});
