import { describe, expect, test } from 'vitest';
import {
  asked,
  at,
  attached,
  bridged,
  bridgedOfCaller,
  decided,
  due,
  generationOf,
  givenAway,
  hungUp,
  legAnswered,
  legDialled,
  legHungUp,
  lost,
  ownerLost,
  replied,
  result,
  run,
  type Step,
  shown,
  talking,
} from '#runtime/testing/call-life.ts';
import type { CallEvent } from '../call-event.ts';
import type { CallState, StoredCall, TransferFailure } from '../call-record.ts';
import { isStrayLeg, openLegOf } from '../consult.ts';
import {
  MAX_ATTEMPTS,
  MAX_END_ATTEMPTS,
  MAX_TRANSFERS,
  THROTTLED_FOR_MS,
  THROTTLED_PAUSE_MS,
} from '../deadlines.ts';
import { decide } from '../machine.ts';

const refused: Step = (call) => result(call, 'Refused');
const unreachable: Step = (call) => result(call, 'Unreachable');
const looped = { kind: 'looped', atMs: at(12), seenAtMs: at(12) } as const;

const ringing = [...talking, asked, result, legDialled] as const;
const answeredLeg = [...ringing, legAnswered, result] as const;
const accepted = [...answeredLeg, decided('Accepted')] as const;
const handedOver = [...accepted, result, bridged] as const;
/** The stream is lost without a stop, and another one is asked for. */
const streamLost = lost(false);

/** There is a stream again, later than the carrier knows a repeat of the dial. */
const longAfter: Step = (call) => attached(call, 60);
/** The carrier has a leg of that transfer. */
const found: Step = (call) => ({ ...(replied()(call) as CallEvent<'commandDone'>), legCallID: 'v3:leg' });
/** It lives, and is not connected with the caller's. */
const apart: Step = (call) => ({ ...(replied()(call) as CallEvent<'commandDone'>), apart: true });
/** Three times, no reply comes in time. */
const unansweredBridge = [unreachable, due, unreachable, due, unreachable, due] as const;

const PATHS: readonly [
  string,
  readonly Step[],
  CallState,
  string | undefined,
  TransferFailure | undefined,
][] = [
  ['a person is dialled beside the caller', [...talking, asked], 'consulting', 'dial', undefined],
  ['and rings', ringing, 'consulting', 'dial done', undefined],
  ['whoever answers is asked', [...ringing, legAnswered], 'consulting', 'gather', undefined],
  ['also where nothing was told before', [...talking, asked, legAnswered], 'consulting', 'gather', undefined],
  ['who takes the call is connected', accepted, 'consulting', 'bridge', undefined],
  ['and has it from the bridge on', handedOver, 'handed-over', 'look_up', undefined],
  ['whichever leg tells of it', [...accepted, bridgedOfCaller(21)], 'handed-over', 'look_up', undefined],
  [
    'a bridge of before it was taken is not its own',
    [...accepted, bridgedOfCaller(19)],
    'consulting',
    'bridge',
    undefined,
  ],
  [
    'nor is one while it is asked',
    [...answeredLeg, bridgedOfCaller(19)],
    'consulting',
    'gather done',
    undefined,
  ],
  ['also where nobody tells of it', [...accepted, result, due], 'handed-over', 'look_up', undefined],
  [
    'who declines gives the caller back',
    [...answeredLeg, decided('Declined')],
    'attaching',
    'streaming_start',
    'Declined',
  ],
  [
    'who presses no key, such as a voicemail, does so, too',
    [...answeredLeg, decided('NoAnswer')],
    'attaching',
    'streaming_start',
    'NoAnswer',
  ],
  ['and where nothing is told of it', [...answeredLeg, due], 'attaching', 'streaming_start', 'NoAnswer'],
  ['who is busy does so, too', [...ringing, legHungUp(12, 'Busy')], 'attaching', 'streaming_start', 'Busy'],
  [
    'who hangs up while being asked has declined',
    [...answeredLeg, legHungUp(18)],
    'attaching',
    'streaming_start',
    'Declined',
  ],
  ['nobody answers for long', [...ringing, due], 'attaching', 'streaming_start', 'NoAnswer'],
  ['a number that forwards to us is a loop', [...ringing, looped], 'attaching', 'streaming_start', 'Loop'],
  [
    'a carrier that does not dial gives the caller back',
    [...talking, asked, refused],
    'attaching',
    'streaming_start',
    'Failed',
  ],
  [
    'one that does not reply is asked again',
    [...talking, asked, unreachable, due],
    'consulting',
    'dial',
    undefined,
  ],
  [
    'and given up in the end',
    [...talking, asked, ...Array<Step>(MAX_ATTEMPTS).fill(due)],
    'attaching',
    'streaming_start',
    'Failed',
  ],
  [
    'a leg that cannot be asked gives the caller back',
    [...ringing, legAnswered, refused],
    'attaching',
    'streaming_start',
    'Failed',
  ],
  [
    'one that is not up yet is asked again',
    [...ringing, legAnswered, (call) => result(call, 'NotAnswered'), due],
    'consulting',
    'gather',
    undefined,
  ],
  [
    'two legs that cannot be connected give the caller back',
    [...accepted, refused],
    'attaching',
    'streaming_start',
    'Failed',
  ],
  [
    'a bridge that the carrier does not reply to is asked after before anybody is cut off',
    [...accepted, ...unansweredBridge],
    'consulting',
    'look_up',
    undefined,
  ],
  [
    'and asked for again where the leg lives',
    [...accepted, ...unansweredBridge, replied()],
    'consulting',
    'bridge',
    undefined,
  ],
  [
    'and given up where it does not',
    [...accepted, ...unansweredBridge, replied('CallEnded')],
    'attaching',
    'streaming_start',
    'Failed',
  ],
  [
    'or where the carrier goes on to say that the two are not connected',
    [...accepted, ...Array.from({ length: 3 }, () => [...unansweredBridge, apart]).flat()],
    'attaching',
    'streaming_start',
    'Failed',
  ],
  [
    'but not where both legs live and it does not say that',
    [...accepted, ...Array.from({ length: 3 }, () => [...unansweredBridge, replied()]).flat()],
    'handed-over',
    'look_up',
    undefined,
  ],
  [
    'and taken for done at a carrier that says nothing at all',
    [...accepted, ...unansweredBridge, ...Array<Step>(MAX_END_ATTEMPTS).fill(due)],
    'handed-over',
    'look_up',
    undefined,
  ],
  [
    'one that is refused after a lost reply may have been made before',
    [...accepted, unreachable, due, refused],
    'consulting',
    'look_up',
    undefined,
  ],
  [
    'and who hangs up then has perhaps had the caller',
    [...accepted, ...unansweredBridge, legHungUp(41)],
    'handed-over',
    'look_up',
    undefined,
  ],
  [
    'a person who takes the call and hangs up at once has had it, by all that is known',
    [...accepted, result, legHungUp(21)],
    'handed-over',
    'look_up',
    undefined,
  ],
  [
    'and where the caller is there still, the agent has them again',
    [...accepted, result, legHungUp(21), replied()],
    'attaching',
    'streaming_start',
    'Failed',
  ],
  [
    'a lost stream is attached again while it rings',
    [...ringing, streamLost],
    'attaching',
    'streaming_start',
    undefined,
  ],
  ['and then it rings on', [...ringing, streamLost, attached], 'consulting', 'dial done', undefined],
  [
    'who answered meanwhile is asked then',
    [...ringing, streamLost, legAnswered, attached],
    'consulting',
    'gather',
    undefined,
  ],
  [
    'a leg of which nothing was heard for longer than the carrier knows a repeat is asked after, not dialled again',
    [...talking, asked, streamLost, longAfter],
    'consulting',
    'look_up',
    undefined,
  ],
  [
    'and where it is there, whoever is on it is asked',
    [...talking, asked, streamLost, longAfter, found],
    'consulting',
    'gather',
    undefined,
  ],
  [
    'and where it is not, nobody was reached',
    [...talking, asked, streamLost, longAfter, replied('CallEnded')],
    'attaching',
    'streaming_start',
    'NoAnswer',
  ],
  [
    'as where the carrier does not say',
    [...talking, asked, streamLost, longAfter, ...Array<Step>(MAX_END_ATTEMPTS).fill(due)],
    'attaching',
    'streaming_start',
    'NoAnswer',
  ],
  [
    'who takes the call meanwhile is connected at once',
    [...answeredLeg, ownerLost, decided('Accepted')],
    'consulting',
    'bridge',
    undefined,
  ],
  [
    'who declines meanwhile gives the caller back to the next stream',
    [...answeredLeg, streamLost, decided('Declined')],
    'attaching',
    'streaming_start',
    'Declined',
  ],
  [
    'what becomes of the stream is of no matter once somebody takes the call',
    [...accepted, streamLost, ownerLost, givenAway],
    'consulting',
    'bridge',
    undefined,
  ],
  [
    'a pod that ends gives the caller away while it rings',
    [...ringing, givenAway, attached],
    'consulting',
    'dial done',
    undefined,
  ],
  ['a caller who hangs up ends the ringing first', [...ringing, hungUp(14)], 'ending', 'end_leg', undefined],
  ['and all is settled then', [...ringing, hungUp(14), result], 'settled', undefined, undefined],
  [
    'or once the leg has ended by itself',
    [...ringing, hungUp(14), legHungUp(15, 'NoAnswer')],
    'settled',
    undefined,
    undefined,
  ],
  [
    'or cannot be ended',
    [...ringing, hungUp(14), ...Array<Step>(MAX_END_ATTEMPTS).fill(due)],
    'settled',
    undefined,
    undefined,
  ],
  [
    'a caller who hangs up before any leg is known of leaves nothing to end',
    [...talking, asked, hungUp(14)],
    'settled',
    undefined,
    undefined,
  ],
  [
    'a caller who hangs up without a stream ends the ringing, too',
    [...ringing, streamLost, hungUp(14)],
    'ending',
    'end_leg',
    undefined,
  ],
];

describe('a person who is asked first', () => {
  test.each(PATHS)('%s', (_, steps, state, command, failure) => {
    const { call } = run(...steps);
    expect([call?.record.state, shown(call?.record.command), call?.record.transfer?.failure]).toEqual([
      state,
      command,
      failure,
    ]);
  });

  test('a caller is given back on a stream of the next generation, which ends the leg that is up', () => {
    const before = run(...answeredLeg).call;
    const { call } = run(...answeredLeg, decided('Declined'));
    expect(generationOf(call)).toBeGreaterThan(generationOf(before));
    expect(call?.record.command).toMatchObject({ restart: true, endLeg: true });
    expect(run(...ringing, legHungUp(12, 'Busy')).call?.record.command?.endLeg).toBe(false);
  });

  test("the agent's stream is ended until the carrier took that, or the stream is known to be over", () => {
    const endsStream = (...steps: readonly Step[]) =>
      run(...handedOver, ...steps).call?.record.command?.endStream === true;
    expect([endsStream(unreachable, due), endsStream(unreachable, due, unreachable, due)]).toEqual([
      true,
      true,
    ]);
    const generation = (...steps: readonly Step[]) =>
      run(...handedOver, ...steps).call?.record.command?.generation;
    expect(generation(unreachable, due)).toBe(generation());
    const gone: Step = (call) => ({ kind: 'streamStopped', atMs: at(22), generation: generationOf(call) });
    const earlier: Step = (call) => ({
      kind: 'streamStopped',
      atMs: at(22),
      generation: generationOf(call) - 1,
    });
    expect([endsStream(gone, due), endsStream(lost(false), due)]).toEqual([false, false]);
    expect(endsStream(earlier, due)).toBe(true);
  });

  test("the agent's stream ends once the two are connected", () => {
    expect(run(...handedOver).call?.record.command).toMatchObject({ step: 'look_up', endStream: true });
  });

  test('only seconds from the bridge on are not counted', () => {
    const { call } = run(...handedOver, hungUp(60));
    const { record } = call ?? {};
    expect([record?.reason, record?.settlement?.callSeconds]).toEqual(['Transferred', 14]);
    const waited = run(...answeredLeg, hungUp(31), result).call?.record;
    expect([waited?.reason, waited?.settlement?.callSeconds]).toEqual(['CallerHungUp', 30]);
  });

  test('what was said first stands, however often and in whatever order it is told', () => {
    const { call } = run(...accepted, decided('Declined'), decided('Accepted'), legAnswered, legDialled);
    expect(shown(call?.record.command)).toBe('bridge');
    const { call: back, transitions } = run(...answeredLeg, decided('Declined'));
    expect(decide(back, decided('Accepted')(back))).toBeUndefined();
    expect(transitions).toHaveLength(
      run(...answeredLeg, decided('Declined'), decided('Declined')).transitions.length,
    );
  });

  test.each([
    ['asked', [...ringing, legAnswered]],
    ['connected', accepted],
  ])('is to be %s for long at a carrier that takes no command, however long it rang', (_, steps) => {
    const late: readonly Step[] = steps.map((step) => (call) => {
      const event = typeof step === 'function' ? step(call) : step;
      return event.kind === 'legAnswered' || event.kind === 'legDecided' ? { ...event, atMs: at(60) } : event;
    });
    const throttled = (s: number) => run(...late, (call) => result(call, 'Throttled', at(s))).call?.record;
    expect([throttled(61)?.deadlineAtMs, throttled(61)?.attempts]).toEqual([at(61) + THROTTLED_PAUSE_MS, 0]);
    expect(throttled(60 + THROTTLED_FOR_MS / 1_000 + 1)?.attempts).toBe(1);
  });

  test('is known by the word with which they decide, where nobody had named their leg', () => {
    const unnamed = [...talking, asked, result] as const;
    expect(run(...unnamed, decided('Accepted')).call?.record.transfer?.legCallID).toBe('v3:leg');
    expect(run(...unnamed, decided('Declined')).call?.record.command?.endLeg).toBe(true);
  });

  test('the webhooks of an earlier transfer say nothing of the present one', () => {
    const { call } = run(...answeredLeg, decided('Declined'), attached, asked);
    const late: CallEvent = {
      kind: 'legDecided',
      atMs: at(40),
      occurredAtMs: at(40),
      legCallID: 'v3:earlier',
      generation: (call?.record.transfer?.generation ?? 0) - 1,
      decision: 'Accepted',
    };
    expect(decide(call, late)).toBeUndefined();
  });

  test('a reply that names the leg is kept, also where the stream was lost meanwhile', () => {
    const lostInDial = run(...talking, asked, streamLost).call;
    const generation = lostInDial?.record.transfer?.generation ?? 0;
    const reply: CallEvent = {
      kind: 'commandDone',
      atMs: at(12),
      step: 'dial',
      generation,
      legCallID: 'v3:leg',
    };
    expect(openLegOf((decide(lostInDial, reply)?.call ?? lostInDial)?.record as StoredCall['record'])).toBe(
      'v3:leg',
    );
  });

  test('a leg is nobody’s once its person does not have the caller, unless it is over', () => {
    const isStray = (...steps: readonly Step[]) => {
      const record = run(...steps).call?.record;
      return isStrayLeg(record, record?.transfer?.generation ?? 0);
    };
    const wanted = [ringing, [...ringing, streamLost], handedOver, [...handedOver, hungUp(60)]];
    expect(wanted.map((steps) => isStray(...steps))).toEqual([false, false, false, false]);
    const over = [
      [...ringing, hungUp(14), result],
      [...ringing, legHungUp(12, 'Busy')],
    ];
    expect(over.map((steps) => isStray(...steps))).toEqual([false, false]);
    const stray = [[...answeredLeg, decided('Declined')], [...talking, asked, hungUp(14)], talking];
    expect(stray.map((steps) => isStray(...steps))).toEqual([true, true, true]);
  });

  test('a call is handed to persons so often at most', () => {
    const once = [asked, result, legDialled, legHungUp(12, 'Busy'), attached] as const;
    const { call } = run(...talking, ...Array.from({ length: MAX_TRANSFERS }, () => once).flat(), asked);
    expect([call?.record.state, call?.record.transfer?.failure]).toEqual(['attaching', 'Failed']);
  });
});
