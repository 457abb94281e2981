import { expect, test } from 'vitest';
import type { TurnOutcome } from './recorded-turns.ts';
import { turnFigures, turnRows } from './turn-figures.ts';

const turn = (text: string, pauses: number, outcome: TurnOutcome) => ({
  text,
  pauses,
  outcome,
  fromMs: 0,
  untilMs: 1_000,
});
const after = (afterMs: number): TurnOutcome => ({ kind: 'Answered', afterMs });

const TURNS = [
  ...Array.from({ length: 97 }, (_, at) => turn(`yes ${at}`, at % 2, after(700))),
  turn('well | no', 1, after(1_200)),
  turn('the | roof', 1, { kind: 'CutOff' }),
  turn('hello', 0, { kind: 'CutOff' }),
];

test('those are cut off who were so in a pause, and those answered who were heard out', () => {
  expect(turnRows('steps', TURNS, 500)).toMatchObject([
    {
      measured: "p50 700 ms, p95 700 ms (98 turns); the engines' own delays add up to 500 ms",
      isMet: true,
    },
    { measured: '2.0 % (1 of 50)', isMet: true },
  ]);
  expect(turnRows('steps', TURNS, 300)).toMatchObject([{ isMet: false }, {}]);
});

test('the slowest are told by what was said', () => {
  const { slowest, cutOff } = turnFigures(TURNS);
  expect(slowest).toHaveLength(6);
  expect(slowest[0]).toBe('1,200 ms: well | no');
  expect(cutOff).toEqual(['the | roof']);
});
