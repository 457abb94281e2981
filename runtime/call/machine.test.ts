import { describe, expect, test } from 'vitest';
import type { CallEvent, CallIdentity } from './call-event.ts';
import { callIDOf } from './call-id.ts';
import type { CallState, Command, StoredCall } from './call-record.ts';
import { newConversation } from './conversation-state.ts';
import { MAX_ATTEMPTS, MAX_END_ATTEMPTS, MAX_RESUMES } from './deadlines.ts';
import { decide, type Transition } from './machine.ts';

const T0 = Date.UTC(2026, 4, 31, 23, 59, 0);
const identity: CallIdentity = {
  callID: callIDOf('v3:abc'),
  carrierCallID: 'v3:abc',
  tenantID: '6f1c1d1e-0000-4000-8000-000000000001',
  runtime: 'veralux-system/shared',
  workflow: 'lead-capture',
  from: '+15550100001',
  to: '+15550100002',
  maxDurationMs: 600_000,
};

/** Events with the identity and times filled in: `s` is seconds after T0. */
const at = (s: number) => T0 + s * 1_000;
const admitted: CallEvent = { kind: 'admitted', atMs: at(0), identity, pod: 'a', occurredAtMs: at(0) };
const refused: CallEvent = {
  kind: 'refused',
  atMs: at(0),
  identity,
  cause: 'USER_BUSY',
  occurredAtMs: at(0),
};
const answered = (s = 1): CallEvent => ({ kind: 'answered', atMs: at(s), occurredAtMs: at(s) });
const hungUp = (s: number): CallEvent => ({
  kind: 'hungUp',
  atMs: at(s),
  identity,
  occurredAtMs: at(s),
  cause: 'normal_clearing',
  byCaller: true,
});
const generationOf = (call: StoredCall | undefined) => call?.record.generation ?? 0;
const attached = (call: StoredCall | undefined, s = 2): CallEvent => ({
  kind: 'mediaAttached',
  atMs: at(s),
  generation: generationOf(call),
  pod: 'a',
});
const due = (call: StoredCall | undefined): CallEvent => ({
  kind: 'due',
  atMs: call?.record.deadlineAtMs ?? at(0),
});
const result = (
  call: StoredCall | undefined,
  failure?: 'CallEnded' | 'NotAnswered' | 'Refused',
): CallEvent => {
  const { step, generation } = call?.record.command ?? { step: 'hangup', generation: 0 };
  const base = { atMs: at(1), step, generation } as const;
  return failure ? { kind: 'commandFailed', ...base, failure } : { kind: 'commandDone', ...base };
};

type Step = CallEvent | ((call: StoredCall | undefined) => CallEvent);

function run(...steps: readonly Step[]): { call: StoredCall | undefined; transitions: Transition[] } {
  let call: StoredCall | undefined;
  const transitions: Transition[] = [];
  for (const step of steps) {
    const transition = decide(call, typeof step === 'function' ? step(call) : step);
    if (!transition) continue;
    transitions.push(transition);
    call = transition.call;
  }
  return { call, transitions };
}

const shown = (command: Command | undefined) => command && `${command.step}${command.done ? ' done' : ''}`;

const talking = [admitted, answered(), attached] as const;

const PATHS: readonly [string, readonly Step[], CallState, string | undefined, string | undefined][] = [
  ['an admitted call is answered', [admitted], 'answering', 'answer', undefined],
  ['a refused call is rejected', [refused], 'ending', 'reject', 'Rejected'],
  ['a hang-up of an unknown call is a tombstone', [hungUp(0)], 'settled', undefined, 'CallerHungUp'],
  ['a late call.initiated does nothing', [hungUp(0), admitted], 'settled', undefined, 'CallerHungUp'],
  ['an answered call is streamed', [admitted, answered()], 'attaching', 'streaming_start', undefined],
  ['an answer without a reply is repeated', [admitted, due], 'answering', 'answer', undefined],
  [
    'an answer that the carrier took has answered the call, also where its webhook is lost',
    [admitted, result, due],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'an answer that is never confirmed ends the call',
    [admitted, ...Array<Step>(MAX_ATTEMPTS).fill(due)],
    'ending',
    'hangup',
    'RuntimeError',
  ],
  [
    'a caller gone before the answer is waited for',
    [admitted, (call) => result(call, 'CallEnded')],
    'ending',
    'hangup done',
    undefined,
  ],
  [
    'and its hang-up then says why',
    [admitted, (call) => result(call, 'CallEnded'), hungUp(2)],
    'settled',
    undefined,
    'CallerHungUp',
  ],
  ['an attached call talks', talking, 'talking', undefined, undefined],
  [
    'a stream asked for too early is asked for again',
    [admitted, answered(), (call) => result(call, 'NotAnswered'), due],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'a stream that never comes ends in an apology',
    [admitted, answered(), ...Array<Step>(MAX_ATTEMPTS).fill((call) => result(call, 'Refused'))],
    'ending',
    'speak',
    'MediaLost',
  ],
  [
    'an apology is followed by the hang-up',
    [
      admitted,
      answered(),
      ...Array<Step>(MAX_ATTEMPTS).fill((call) => result(call, 'Refused')),
      result,
      { kind: 'spoken', atMs: at(9) },
    ],
    'ending',
    'hangup',
    'MediaLost',
  ],
  [
    'a conversation whose voice failed ends in an apology',
    [...talking, { kind: 'finished', atMs: at(30), reason: 'EnginesFailed', told: false }],
    'ending',
    'speak',
    'EnginesFailed',
  ],
  [
    'a finished conversation is hung up',
    [...talking, { kind: 'finished', atMs: at(30), reason: 'WorkflowCompleted', told: true }],
    'ending',
    'hangup',
    'WorkflowCompleted',
  ],
  ['the longest call is hung up', [...talking, due], 'ending', 'hangup', 'MaxDuration'],
  [
    'a broken socket is attached again at once',
    [
      ...talking,
      (call) => ({ kind: 'mediaLost', atMs: at(9), generation: generationOf(call), stopped: false }),
    ],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'a stopped stream waits for a hang-up to explain it',
    [
      ...talking,
      (call) => ({ kind: 'mediaLost', atMs: at(9), generation: generationOf(call), stopped: true }),
    ],
    'attaching',
    undefined,
    undefined,
  ],
  [
    'a stopped stream that nothing explains is attached again',
    [...talking, (call) => ({ kind: 'streamStopped', atMs: at(9), generation: generationOf(call) }), due],
    'attaching',
    'streaming_start',
    undefined,
  ],
  [
    'the webhook of a stream that was seen to stop does not cut that wait short',
    [
      ...talking,
      (call) => ({ kind: 'mediaLost', atMs: at(9), generation: generationOf(call), stopped: true }),
      (call) => ({ kind: 'streamStopped', atMs: at(9), generation: generationOf(call) }),
    ],
    'attaching',
    undefined,
    undefined,
  ],
  [
    'the end of an earlier stream changes nothing',
    [...talking, { kind: 'streamStopped', atMs: at(9), generation: 7 }],
    'talking',
    undefined,
    undefined,
  ],
  [
    'a socket that keeps breaking ends the call',
    [
      admitted,
      answered(),
      ...Array.from({ length: MAX_RESUMES + 1 }, (): Step[] => [
        attached,
        (call) => ({ kind: 'mediaLost', atMs: at(9), generation: generationOf(call), stopped: false }),
      ]).flat(),
    ],
    'ending',
    'hangup',
    'MediaLost',
  ],
  [
    'a hang-up that the carrier never takes is given up',
    [...talking, due, ...Array<Step>(MAX_END_ATTEMPTS).fill(due)],
    'settled',
    undefined,
    'MaxDuration',
  ],
];

describe('the life of a call', () => {
  test.each(PATHS)('%s', (_name, steps, ...expected) => {
    const record = run(...steps).call?.record;
    expect([record?.state, shown(record?.command), record?.reason]).toEqual(expected);
  });

  test('a lost call.answered is billed from when the carrier took the answer', () => {
    const { call, transitions } = run(admitted, result, due, attached, answered(9), hungUp(31));
    expect(call?.record.answeredAtMs).toBe(at(1));
    expect(transitions.flatMap(({ ledger }) => ledger.map(({ kind }) => kind))).toEqual([
      'started',
      'answered',
      'ended',
      'usage',
    ]);
  });

  test('every stream but the first asks for the one before to be stopped', () => {
    const first = run(...talking.slice(0, 2)).call;
    expect(first?.record.command?.restart).toBe(false);
    const again = run(...talking, (call) => ({
      kind: 'mediaLost',
      atMs: at(9),
      generation: generationOf(call),
      stopped: false,
    })).call;
    expect(again?.record.command?.restart).toBe(true);
  });

  test('a second socket for the same generation is refused', () => {
    const { call } = run(...talking);
    expect(decide(call, attached(call))).toBeUndefined();
  });

  test('every restart of a stream has a generation of its own, also with a clock behind', () => {
    const { call } = run(...talking);
    const lost: CallEvent = {
      kind: 'mediaLost',
      atMs: at(-100),
      generation: generationOf(call),
      stopped: false,
    };
    expect(generationOf(decide(call, lost)?.call)).toBe(generationOf(call) + 1);
  });

  test('an overdue look at a state that was left since does nothing', () => {
    const { call } = run(admitted);
    expect(decide(call, { kind: 'due', atMs: at(0) })).toBeUndefined();
  });
});

describe('settling', () => {
  const usageOf = (transitions: readonly Transition[]) =>
    transitions.flatMap(({ ledger }) => ledger).filter((event) => event.kind === 'usage');

  test('seconds run from call.answered to call.hangup and belong to the month of call.answered', () => {
    // Answered at 23:59:01 on 31 May, hung up 90.5 s later, on 1 June.
    const { transitions } = run(...talking, hungUp(91.5));
    expect(usageOf(transitions)).toMatchObject([
      { month: '2026-05', calls: 1, callSeconds: 91, revision: 0, sttSeconds: 0, ttsCharacters: 0 },
    ]);
    expect(transitions.at(-1)).toMatchObject({
      lease: 'free',
      counters: { month: '2026-05', calls: 1, callSeconds: 91 },
    });
  });

  test('a call that was never answered uses nothing', () => {
    const { transitions } = run(admitted, hungUp(5));
    expect(usageOf(transitions)).toEqual([]);
    expect(transitions.at(-1)?.counters).toBeUndefined();
    expect(transitions.at(-1)?.ledger.map(({ kind }) => kind)).toEqual(['ended']);
  });

  test('a hang-up before its call.answered is metered when that comes', () => {
    const { transitions } = run(admitted, hungUp(11), answered(1));
    expect(usageOf(transitions)).toMatchObject([{ callSeconds: 10, revision: 0 }]);
    expect(transitions.flatMap(({ ledger }) => ledger).filter(({ kind }) => kind === 'ended')).toHaveLength(
      1,
    );
  });

  test('a call given up is billed to when we ended it, and corrected by a late hang-up', () => {
    const { transitions } = run(
      ...talking,
      { kind: 'finished', atMs: at(31), reason: 'WorkflowCompleted', told: true },
      ...Array<Step>(MAX_END_ATTEMPTS).fill(due),
      hungUp(33),
    );
    expect(usageOf(transitions)).toMatchObject([
      { callSeconds: 30, revision: 0 },
      { callSeconds: 32, revision: 1 },
    ]);
    expect(transitions.at(-1)?.counters).toMatchObject({ calls: 0, callSeconds: 2 });
  });

  test('what the last session used corrects the usage once', () => {
    const conversation = { ...newConversation('lead-capture'), sttMs: 4_200, ttsCharacters: 77 };
    const counted: CallEvent = { kind: 'counted', atMs: at(32), conversation };
    const { transitions } = run(...talking, hungUp(31), counted, counted);
    expect(usageOf(transitions)).toMatchObject([
      { sttSeconds: 0, revision: 0 },
      { sttSeconds: 5, ttsCharacters: 77, revision: 1 },
    ]);
  });
});
