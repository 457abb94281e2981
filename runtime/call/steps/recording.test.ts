import { describe, expect, test } from 'vitest';
import {
  admitted,
  admittedToRecord,
  answered,
  attached,
  bridged,
  due,
  finished,
  hungUp,
  legAnswered,
  legDialled,
  lost,
  rebuilt,
  recorded,
  recordingAsked,
  result,
  run,
  type Step,
  transferred,
} from '#runtime/testing/call-life.ts';

const talking = [admittedToRecord, answered(), result, attached] as const;

describe('a call that is to be recorded', () => {
  test.each<readonly [string, readonly Step[], boolean]>([
    ['with its first stream', [admittedToRecord, answered()], true],
    ['again with each stream until the carrier has answered', [...talking, lost(false)], true],
    ['not with a stream after that', [...talking, recordingAsked('Done'), lost(false)], false],
    ['nor where the carrier does not want to', [...talking, recordingAsked('Refused'), lost(false)], false],
    [
      'not after a person had the caller',
      [...talking, recordingAsked('Done'), transferred, (call) => result(call, 'Refused')],
      false,
    ],
    ['not where the tenant does not have it recorded', [admitted, answered()], false],
    ['not where nobody knows any more whether it is', [rebuilt, answered(), due], false],
  ])('is asked for %s', (_what, steps, isAsked) => {
    const { command } = run(...steps).call?.record ?? {};
    expect(command?.record ?? false).toBe(isAsked);
  });

  test.each<readonly [string, readonly Step[]]>([
    ['attaching', [admittedToRecord, answered()]],
    ['talking', talking],
    ['transferring', [...talking, transferred]],
    ['handed-over', [...talking, transferred, legDialled, legAnswered, bridged]],
    ['ending', [...talking, finished('WorkflowCompleted', true)]],
  ])('is %s as before when the carrier has answered to that', (state, steps) => {
    const before = run(...steps).call?.record;
    const after = run(...steps, recordingAsked('Done')).call?.record;
    expect(before?.state).toBe(state);
    expect(after).toEqual({ ...before, recording: { retentionDays: 14, result: 'Done' } });
    expect(run(...steps, recordingAsked('Done'), recordingAsked('Refused')).call?.record).toEqual(after);
  });

  test.each<readonly [string, readonly Step[]]>([
    ['while it goes on', [...talking, recorded, recorded, hungUp(30)]],
    ['before its hang-up is told', [...talking, finished('WorkflowCompleted', true), recorded, hungUp(30)]],
    ['seconds after its settlement, twice', [...talking, hungUp(19), recorded, recorded]],
    ['after a person had it', [...talking, transferred, legDialled, bridged, hungUp(19), recorded]],
  ])('has its recording in the books once, where that is saved %s', (_when, steps) => {
    const ledger = run(...steps).transitions.flatMap((transition) => transition.ledger);
    const recordings = ledger.filter(({ kind }) => kind === 'recording');
    expect(recordings).toEqual([
      expect.objectContaining({
        purpose: 'Call',
        durationMs: 12_000,
        carrierLegID: 'leg',
        retentionDays: 14,
      }),
    ]);
    expect(ledger.filter(({ kind }) => kind === 'usage')).toHaveLength(1);
  });

  test('has it also where Redis lost that it was to be recorded', () => {
    const { transitions } = run(rebuilt, answered(), hungUp(19), recorded);
    const [recording] = transitions
      .flatMap(({ ledger }) => ledger)
      .filter(({ kind }) => kind === 'recording');
    expect(recording).toMatchObject({ purpose: 'Call' });
    expect(recording).not.toHaveProperty('retentionDays');
  });
});
