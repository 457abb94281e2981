import { describe, expect, test } from 'vitest';
import {
  asked,
  at,
  attached,
  decided,
  due,
  finished,
  hungUp,
  legAnswered,
  legDialled,
  legHungUp,
  lost,
  result,
  run,
  type Step,
  shown,
  talking,
  transferred,
} from '#runtime/testing/call-life.ts';
import type { CallState } from '../call-record.ts';
import { MAX_ATTEMPTS } from '../deadlines.ts';
import { decide } from '../machine.ts';

const unreachable: Step = (call) => result(call, 'Unreachable');
/** The stream is lost without a stop, and another one is asked for. */
const streamLost = lost(false);
const answeredLeg = [...talking, asked, result, legDialled, legAnswered, result] as const;

describe('the leg of a person who did not take the caller', () => {
  const back = [...answeredLeg, decided('Declined')] as const;
  const endTaken: Step = (call) => ({
    kind: 'commandDone',
    atMs: at(21),
    step: 'end_leg',
    generation: call?.record.transfer?.generation ?? 0,
  });
  const unnamed = [...talking, asked, ...Array<Step>(MAX_ATTEMPTS).fill(due)] as const;
  const reply: Step = (call) => ({
    kind: 'commandDone',
    atMs: at(30),
    step: 'dial',
    generation: call?.record.transfer?.generation ?? 0,
    legCallID: 'v3:leg',
  });

  test.each<[string, readonly Step[], CallState, string | undefined]>([
    [
      'is ended beside the conversation while the carrier did not take that',
      [...back, attached],
      'talking',
      'end_leg',
    ],
    ['again and again', [...back, attached, due, unreachable, due], 'talking', 'end_leg'],
    ['is done with once the carrier took it', [...back, endTaken, attached], 'talking', undefined],
    ['also in the conversation', [...back, attached, result], 'talking', undefined],
    [
      'or tells that it is over',
      [...back, attached, (call) => result(call, 'CallEnded')],
      'talking',
      undefined,
    ],
    ['by whatever webhook', [...back, attached, legHungUp(40)], 'talking', undefined],
    ['which may have come before', [...back, legHungUp(40), attached], 'talking', undefined],
    [
      'is ended before the books of a caller who hangs up are closed',
      [...back, hungUp(31)],
      'ending',
      'end_leg',
    ],
    ['also of one who was talked to', [...back, attached, hungUp(31)], 'ending', 'end_leg'],
    [
      'or whom the agent ended',
      [...back, attached, finished('WorkflowCompleted', true), hungUp(31)],
      'ending',
      'end_leg',
    ],
    ['and they are closed then', [...back, hungUp(31), result], 'settled', undefined],
    ['is ended where only a late webhook names it', [...unnamed, attached, legDialled], 'talking', 'end_leg'],
    ['or the late reply to its dial', [...unnamed, attached, reply], 'talking', 'end_leg'],
    [
      'or both before there is a stream again',
      [...unnamed, legAnswered, reply, attached],
      'talking',
      'end_leg',
    ],
    [
      'or the agent has ended the call',
      [...unnamed, attached, finished('WorkflowCompleted', true), legDialled, hungUp(31)],
      'ending',
      'end_leg',
    ],
  ])('%s', (_, steps, state, command) => {
    const { record } = run(...steps).call ?? {};
    expect([record?.state, shown(record?.command)]).toEqual([state, command]);
  });

  test('does not keep the call from its longest duration', () => {
    const { call } = run(...back, attached);
    const longestMs = (call?.record.answeredAtMs ?? 0) + (call?.record.maxDurationMs ?? 0);
    expect(call?.record.deadlineAtMs).toBeLessThan(longestMs);
    const last = decide(call, { kind: 'due', atMs: longestMs })?.call.record;
    expect([last?.state, last?.reason]).toEqual(['ending', 'MaxDuration']);
    expect(run(...back, attached, result).call?.record.deadlineAtMs).toBe(longestMs);
  });

  test('is tried by every further stream, and forgotten by none', () => {
    expect(run(...back, attached, streamLost).call?.record.command?.endLeg).toBe(true);
    expect(run(...back, endTaken).call?.record.command?.endLeg).toBe(false);
    expect(run(...back, attached, result, streamLost).call?.record.command?.endLeg).toBeUndefined();
  });

  test('is ended before anybody else is asked', () => {
    const { call } = run(...back, attached);
    expect(decide(call, asked(call))).toBeUndefined();
    expect(run(...back, attached, result, asked).call?.record.state).toBe('consulting');
  });

  test('keeps nobody waiting who is put through at once, as callers in danger are', () => {
    const { state, command, transfer } = run(...back, attached, transferred).call?.record ?? {};
    expect([state, command?.step, command?.endLeg]).toEqual(['transferring', 'transfer', true]);
    expect(transfer?.legBefore?.legCallID).toBe('v3:leg');
    expect(run(...back, attached, result, transferred).call?.record.command?.endLeg).toBeUndefined();
  });
});
