import { describe, expect, test } from 'vitest';
import { recordedTurns } from './recorded-turns.ts';

const RATE_HZ = 16_000;
const SPAN = { text: 'well, yes', fromMs: 1_000, untilMs: 2_000, pauses: 1 };

/** Five seconds of one side, with sound from and until these times. */
function side(...sounds: readonly (readonly [fromMs: number, untilMs: number])[]): Int16Array {
  const samples = new Int16Array(RATE_HZ * 5);
  for (const [fromMs, untilMs] of sounds) samples.fill(1_000, fromMs * 16, untilMs * 16);
  return samples;
}

describe('a turn in a recording', () => {
  const caller = side([1_000, 1_300], [1_700, 1_990]);

  test.each([
    ['is answered so long after its last sound', side([0, 900], [2_490, 3_000]), [500]],
    ['is cut off by an agent in its pause', side([1_500, 1_600], [2_490, 3_000]), ['CutOff']],
    ['is not answered where nothing follows', side([0, 900]), ['Unanswered']],
  ])('%s', (_, agent, expected) => {
    expect(told({ caller, agent, spans: [SPAN] })).toEqual(expected);
  });

  test('is not answered by what answers the next one', () => {
    const spans = [SPAN, { text: 'yes', fromMs: 3_000, untilMs: 3_500, pauses: 0 }];
    const both = side([1_000, 1_990], [3_000, 3_500]);
    expect(told({ caller: both, agent: side([4_000, 4_500]), spans })).toEqual(['Unanswered', 500]);
  });

  function told(call: { caller: Int16Array; agent: Int16Array; spans: readonly (typeof SPAN)[] }) {
    const recording = { sampleRateHz: RATE_HZ, channels: [call.caller, call.agent] };
    return recordedTurns(recording, call.spans).map(({ outcome }) =>
      outcome.kind === 'Answered' ? Math.round(outcome.afterMs) : outcome.kind,
    );
  }
});
