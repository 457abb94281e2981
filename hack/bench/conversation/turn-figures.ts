import { type BenchRow, whole } from '../bench-outcome.ts';
import { distributionOf } from '../distribution.ts';
import type { RecordedTurn } from './recorded-turns.ts';

/** A caller pauses for as long, as likely as not anywhere in between. */
export const PAUSE_MS = [300, 1_200] as const;
/** People know by then that a question is over. */
export const REPLIES_AFTER_MS = 700;
/** Over the sum of the engines' own delays. */
const P50_OVER_MS = 300;
const P95_OVER_MS = 600;
const MOST_CUT_OFF = 0.03;
/** Those that make p95 what it is. */
const SLOWEST_SHARE = 0.06;

/** How long callers waited, and how many were cut off; `enginesMs`: the engines' own delays, added up. */
export function turnRows(of: string, turns: readonly RecordedTurn[], enginesMs: number): BenchRow[] {
  const { waits, paused, cutOff } = countsOf(turns);
  const share = cutOff.length / paused.length;
  return [
    {
      what: `mouth to ear, ${of}`,
      target: `p50 ≤ engines + ${P50_OVER_MS} ms, p95 ≤ engines + ${P95_OVER_MS} ms`,
      measured:
        `p50 ${whole(waits.p50)} ms, p95 ${whole(waits.p95)} ms (${waits.count} turns); ` +
        `the engines' own delays add up to ${whole(enginesMs)} ms`,
      isMet: waits.p50 <= enginesMs + P50_OVER_MS && waits.p95 <= enginesMs + P95_OVER_MS,
    },
    {
      what: `turns cut off, ${of}, of those with pauses of ${PAUSE_MS.join(' to ')} ms`,
      target: `≤ ${MOST_CUT_OFF * 100} %`,
      measured: `${(share * 100).toFixed(1)} % (${cutOff.length} of ${paused.length})`,
      isMet: share <= MOST_CUT_OFF,
    },
  ];
}

/** The same with the turns that were cut off, and those after which callers waited longest. */
export function turnFigures(turns: readonly RecordedTurn[]) {
  const { waits, paused, cutOff, answered } = countsOf(turns);
  return {
    paused: paused.length,
    waits,
    cutOff: cutOff.map(({ text }) => text).toSorted(),
    slowest: answered
      .toSorted((a, b) => b.afterMs - a.afterMs)
      .slice(0, Math.ceil(turns.length * SLOWEST_SHARE))
      .map(({ text, afterMs }) => `${whole(afterMs)} ms: ${text}`),
  };
}

function countsOf(turns: readonly RecordedTurn[]) {
  const paused = turns.filter(({ pauses }) => pauses > 0);
  const answered = turns.flatMap(({ text, outcome }) =>
    outcome.kind === 'Answered' ? [{ text, afterMs: outcome.afterMs }] : [],
  );
  return {
    waits: distributionOf(answered.map(({ afterMs }) => afterMs)),
    answered,
    paused,
    cutOff: paused.filter(({ outcome }) => outcome.kind === 'CutOff'),
  };
}
