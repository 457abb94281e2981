import { describe, expect, test } from 'vitest';
import {
  answered,
  at,
  attached,
  due,
  hungUp,
  recorded,
  result,
  run,
  type Step,
  spoken,
  treated,
} from '#runtime/testing/call-life.ts';
import type { CallState } from '../call-record.ts';
import { MAX_ATTEMPTS, VOICEMAIL_MS } from '../deadlines.ts';

const announcing = (kind: 'Message' | 'Voicemail') => [treated(kind), result, answered(), result] as const;
const recording = [...announcing('Voicemail'), spoken, result] as const;

const PATHS: readonly [string, readonly Step[], CallState, string | undefined][] = [
  ['is answered', [treated('Message')], 'answering', 'answer'],
  ['hears the message', [treated('Message'), answered()], 'announcing', 'speak'],
  ['and is hung up', [...announcing('Message'), spoken], 'ending', 'hangup'],
  [
    'is hung up also where nobody tells that the message was said',
    [...announcing('Message'), due],
    'ending',
    'hangup',
  ],
  ['leaves a message after it', [...announcing('Voicemail'), spoken], 'recording', 'record_start'],
  ['and is hung up when it is recorded', [...recording, recorded], 'ending', 'hangup'],
  ['is hung up at the end of the time for a message', [...recording, due], 'ending', 'hangup'],
  [
    'is hung up where the carrier does not speak',
    [treated('Message'), answered(), (call) => result(call, 'Refused')],
    'ending',
    'hangup',
  ],
  [
    'is hung up where the carrier does not record',
    [...announcing('Voicemail'), spoken, (call) => result(call, 'Refused')],
    'ending',
    'hangup',
  ],
  [
    'is told the message again where the carrier did not reply',
    [treated('Message'), answered(), due],
    'announcing',
    'speak',
  ],
  [
    'and goes on without it after the last try',
    [treated('Voicemail'), answered(), ...Array<Step>(MAX_ATTEMPTS).fill(due)],
    'recording',
    'record_start',
  ],
  ['gets no stream', [...announcing('Message'), attached], 'announcing', 'speak done'],
];

describe('a caller whom no agent takes', () => {
  test.each(PATHS)('%s', (_name, steps, ...expected) => {
    const { state, command } = run(...steps).call?.record ?? {};
    expect([state, command && `${command.step}${command.done ? ' done' : ''}`]).toEqual(expected);
  });

  test('has time for a message, and no more than that', () => {
    const { record } = run(...recording).call ?? {};
    expect(record?.deadlineAtMs).toBe(at(1) + VOICEMAIL_MS);
  });

  test.each([
    ['who hangs up after leaving a message', [...recording, hungUp(19), recorded, recorded]],
    ['who says nothing more', [...recording, recorded, hungUp(19), recorded]],
  ])('%s has an answered call and one recording in the books', (_name, steps) => {
    const { transitions } = run(...steps);
    const ledger = transitions.flatMap((transition) => transition.ledger);
    expect(ledger.map(({ kind }) => kind).sort()).toEqual([
      'answered',
      'ended',
      'recording',
      'started',
      'usage',
    ]);
    expect(ledger.find(({ kind }) => kind === 'ended')).toMatchObject({ reason: 'Busy' });
    expect(ledger.find(({ kind }) => kind === 'usage')).toMatchObject({ calls: 1, callSeconds: 18 });
    expect(ledger.find(({ kind }) => kind === 'recording')).toMatchObject({
      durationMs: 12_000,
      carrierLegID: 'leg',
    });
  });

  test('is metered also where the answer is told after the hang-up', () => {
    const { transitions } = run(treated('Message'), hungUp(11), answered(1));
    expect(transitions.at(-1)).toMatchObject({ counters: { calls: 1, callSeconds: 10 } });
  });
});
