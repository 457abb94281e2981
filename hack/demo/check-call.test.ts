import { describe, expect, test } from 'vitest';
import type { CallDetail } from './call-detail.ts';
import { problemsOf } from './check-call.ts';
import { bookAppointment } from './scenario.ts';

const turn = (speaker: 'Agent' | 'Caller', text: string) => ({ speaker, text, startedAtMs: 0 });

const good: CallDetail = {
  id: '5f0f6f5e-4c5f-5a53-9d4e-0a8b7c6d5e4f',
  hangupReason: 'WorkflowCompleted',
  transcript: [
    turn('Agent', 'May I have your name please?'),
    turn('Caller', 'my name is john smith'),
    turn('Caller', 'my number is two one two five five five zero one four two'),
    turn('Caller', 'yes that is right'),
    turn('Caller', 'i would like to book an appointment for tomorrow morning'),
  ],
  lead: {
    complete: true,
    fields: [
      { name: 'name', label: 'Name', value: 'John Smith' },
      { name: 'phone', label: 'Phone', value: '+12125550142' },
      { name: 'reason', label: 'Reason', value: 'I would like to book an appointment for tomorrow morning' },
    ],
  },
  usage: { month: '2026-01', callSeconds: 40, sttSeconds: 12, ttsCharacters: 200 },
};

describe('the check of a demonstration call', () => {
  test('finds nothing wrong with a call as it should be', () => {
    expect(problemsOf(good, bookAppointment)).toEqual([]);
  });

  test('lets the first words of a sentence go that were said while no pod was there, and no more', () => {
    const transcript = good.transcript.map(({ text, ...rest }) => ({
      ...rest,
      text: text.replace('my number is', 'burris'),
    }));
    const call = { ...good, transcript };
    expect(problemsOf(call, bookAppointment, 3)).toEqual([]);
    expect(problemsOf(call, bookAppointment, 2)).toHaveLength(1);
  });

  test.each([
    ['words that were not heard', { ...good, transcript: good.transcript.slice(0, 3) }, 'lacks the caller'],
    [
      'a receptionist who said nothing',
      { ...good, transcript: good.transcript.slice(1) },
      'receptionist said',
    ],
    ['a missing lead', { ...good, lead: null }, '"name" should contain'],
    ['a wrong end', { ...good, hangupReason: 'CallerSilent' }, 'ended as CallerSilent'],
    ['a call that was not metered', { ...good, usage: null }, 'not metered'],
  ])('names %s', (_what, call, problem) => {
    expect(problemsOf(call, bookAppointment).join('\n')).toContain(problem);
  });
});
