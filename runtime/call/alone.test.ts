import { describe, expect, test } from 'vitest';
import {
  admitted,
  answered,
  at,
  due,
  elsewhere,
  generationOf,
  lost,
  noRoomForLong,
  rebuilt,
  result,
  type Step,
  shown,
  talking,
} from '#runtime/testing/call-life.ts';
import type { StoredCall } from './call-record.ts';
import { decide } from './machine.ts';

/** As the pod `a` keeps it while Redis is away: another may have it, too. */
const alone = (...steps: readonly Step[]): StoredCall | undefined => {
  let call: StoredCall | undefined;
  for (const step of steps) {
    const after = decide(call, typeof step === 'function' ? step(call) : step)?.call ?? call;
    call = after && { ...after, record: { ...after.record, alone: 'a' } };
  }
  return call;
};
const refusedStart: Step = (call) => result(call, 'Refused');
const askedAtOther: Step = { kind: 'placed', atMs: at(1), pod: 'b' };

describe('a call that its pod keeps for itself, without Redis,', () => {
  test.each<[string, readonly Step[], string | undefined, number | undefined]>([
    [
      'asks whose stream is there where its own is refused',
      [admitted, answered(), refusedStart],
      'look_up',
      0,
    ],
    [
      'leaves the stream to the pod that has it',
      [admitted, answered(), refusedStart, elsewhere],
      'streaming_start done',
      1,
    ],
    [
      'does so where the carrier cannot tell',
      [admitted, answered(), refusedStart, result],
      'streaming_start done',
      0,
    ],
    ['asks first where it was taken up by a webhook', [rebuilt, answered()], 'look_up', 0],
    [
      'asks first where its stream was stopped by somebody',
      [...talking, lost(true), due],
      'look_up',
      undefined,
    ],
    [
      'waits for the pod at which its stream was asked for',
      [admitted, answered(), askedAtOther, result, due],
      'streaming_start done',
      undefined,
    ],
    [
      'and ends for no caller for whom it alone has no room',
      [admitted, answered(), noRoomForLong],
      'streaming_start done',
      0,
    ],
    ['starts its own again where that broke', [...talking, lost(false)], 'streaming_start', undefined],
  ])('%s', (_name, steps, command, generation) => {
    const record = alone(...steps)?.record;
    expect([record?.state === 'answering' ? 'attaching' : record?.state, shown(record?.command)]).toEqual([
      'attaching',
      command,
    ]);
    if (generation !== undefined) expect(record?.generation).toBe(generation);
  });

  test('stops no stream but one that it had', () => {
    const restartOf = (...steps: readonly Step[]) => alone(...steps)?.record.command?.restart;
    expect(restartOf(rebuilt, answered(), result)).toBe(false);
    expect(restartOf(...talking, lost(false))).toBe(true);
  });

  test('looks again who has it a moment after another pod lost the stream', () => {
    const lostThere: Step = (call) => ({ kind: 'streamFailed', atMs: at(9), generation: generationOf(call) });
    const steps = [admitted, answered(), refusedStart, elsewhere, lostThere] as const;
    expect(alone(...steps)?.record.command).toBeUndefined();
    expect(alone(...steps, due)?.record.command?.step).toBe('look_up');
    expect(shown(alone(...steps, due, result)?.record.command)).toBe('streaming_start');
  });
});
