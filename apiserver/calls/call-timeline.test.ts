import { describe, expect, test } from 'vitest';
import { eventsOf, timingsOf } from './call-timeline.ts';

const startedAt = '2026-11-30T09:00:00.000Z';
const answeredAt = '2026-11-30T09:00:01.500Z';
const endedAt = '2026-11-30T09:01:16.500Z';
const stages = (ownMs: number) => ({
  stages: { endpointingMs: 400, sttMs: 20, llmMs: 300, ttsMs: 180, ownMs },
});

describe('the timeline of a call', () => {
  test('has what happened in the order in which it did', () => {
    const capturedAt = '2026-11-30T09:01:10.000Z';
    const recordedAt = answeredAt;
    const events = eventsOf({ startedAt, answeredAt, endedAt, capturedAt, recordedAt });
    expect(events.map(({ kind }) => kind)).toEqual([
      'Started',
      'Answered',
      'Recorded',
      'LeadCaptured',
      'Ended',
    ]);
  });

  test('has no more than what happened', () => {
    const call = { startedAt, answeredAt: null, endedAt: null, capturedAt: undefined, recordedAt: undefined };
    expect(eventsOf(call)).toEqual([{ kind: 'Started', at: startedAt }]);
    expect(timingsOf(call, [{ stages: null }])).toEqual({ ringingMs: null, talkingMs: null, answers: null });
  });

  test.each([
    [[10], { count: 1, medianMs: 910, longestMs: 910 }],
    [[30, 10, 20], { count: 3, medianMs: 920, longestMs: 930 }],
    [[40, 10], { count: 2, medianMs: 910, longestMs: 940 }],
  ])('of answers whose own share was %j tells the median and the longest', (own, answers) => {
    const turns = own.flatMap((ownMs) => [{ stages: null }, stages(ownMs)]);
    expect(timingsOf({ startedAt, answeredAt, endedAt }, turns)).toEqual({
      ringingMs: 1_500,
      talkingMs: 75_000,
      answers,
    });
  });
});
