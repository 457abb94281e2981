import { describe, expect, test } from 'vitest';
import { type LedgerEvent, REBUILT_REVISION, revisionOf } from '#crds/ledger/ledger-event.ts';
import {
  admitted,
  answered,
  at,
  due,
  hungUp,
  rebuilt,
  replied,
  result,
  run,
  type Step,
  talking,
} from '#runtime/testing/call-life.ts';
import type { CallEvent } from './call-event.ts';
import { decide } from './machine.ts';

const presumed = [admitted, result, due, replied()] as const;
const rebuiltLater = { ...rebuilt, atMs: at(5) } satisfies CallEvent;

/** A call's steps before Redis lost it, and from then on, on whatever pod. */
const LOSSES: readonly (readonly [string, readonly Step[], readonly Step[]])[] = [
  ['whose answer was presumed, and is told', presumed, [rebuilt, answered(0.8)]],
  [
    'whose answer was told, and is presumed',
    [admitted, answered(0.8)],
    [rebuilt, due, replied('Unreachable')],
  ],
  ['whose answer is presumed again', presumed, [rebuiltLater, due, replied()]],
];

describe('of a call that Redis lost', () => {
  test.each(LOSSES)('%s, nothing is told at one revision with two contents', (_what, before, after) => {
    const told = [before, after].flatMap((steps) =>
      run(...steps).transitions.flatMap(({ ledger }) => ledger),
    );
    const contents = Map.groupBy(told, (event) => `${event.id}@${revisionOf(event)}`);
    const different = [...contents].filter(([, events]) => new Set(events.map(toJSON)).size > 1);
    expect(told.map(({ kind }) => kind)).toContain('answered');
    expect(different).toEqual([]);
  });
});

test.each([
  ['that Redis had lost', { rebuilt: true }],
  ['that a pod keeps without Redis', { alone: 'a' }],
])('a call %s is settled below what may have been told of it', (_which, known) => {
  const { call } = run(...talking);
  const ended = call && decide({ ...call, record: { ...call.record, ...known } }, hungUp(31));
  expect(ended?.ledger.map(revisionOf)).toEqual([REBUILT_REVISION, REBUILT_REVISION]);
});

test("the carrier's word of an answer outranks what was presumed", () => {
  const [told] = run(rebuilt, answered()).transitions.flatMap(({ ledger }) => ledger);
  const guessed = run(...presumed)
    .transitions.flatMap(({ ledger }) => ledger)
    .at(-1);
  expect([told && revisionOf(told), guessed?.kind]).toEqual([0, 'answered']);
  expect(guessed && revisionOf(guessed)).toBeLessThan(0);
});

function toJSON(event: LedgerEvent): string {
  return JSON.stringify(event);
}
