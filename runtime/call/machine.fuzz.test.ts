import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { revisionOf } from '#crds/ledger/ledger-event.ts';
import type { CallEvent, CallEventKind, CallIdentity, CommandFailure } from './call-event.ts';
import { callIDOf } from './call-id.ts';
import type { CallState, StoredCall } from './call-record.ts';
import { callRecordSchema } from './call-record.ts';
import { openLegOf } from './consult.ts';
import { newConversation } from './conversation-state.ts';
import { decide } from './machine.ts';
import type { Transition } from './transition.ts';

const T0 = Date.UTC(2026, 5, 1);
const identity: CallIdentity = {
  callID: callIDOf('v3:fuzz'),
  carrierCallID: 'v3:fuzz',
  tenantID: '6f1c1d1e-0000-4000-8000-000000000001',
  runtime: 'veralux-system/shared',
  workflow: 'lead-capture',
  from: '+15550100001',
  to: '+15550100002',
  maxDurationMs: 600_000,
};

/** What a random event is made of; `present`: it is about the present stream and command. */
const seedOf = fc.record({
  kind: fc.constantFrom<CallEventKind[]>(
    'admitted',
    'refused',
    'rebuilt',
    'answered',
    'commandDone',
    'commandFailed',
    'placed',
    'mediaAttached',
    'mediaLost',
    'streamStopped',
    'streamFailed',
    'streamElsewhere',
    'ownerLost',
    'givenAway',
    'spoken',
    'recordingAsked',
    'recorded',
    'finished',
    'transfer',
    'legDialled',
    'legAnswered',
    'legDecided',
    'bridged',
    'legHungUp',
    'looped',
    'counted',
    'hungUp',
    'gone',
    'due',
  ),
  present: fc.boolean(),
  flag: fc.boolean(),
  failure: fc.constantFrom<CommandFailure[]>('CallEnded', 'NotAnswered', 'NoRoom', 'Refused', 'Unreachable'),
  sttMs: fc.integer({ min: 0, max: 9_000 }),
});
type Seed = typeof seedOf extends fc.Arbitrary<infer T> ? T : never;

function eventOf(seed: Seed, call: StoredCall | undefined, atMs: number): CallEvent {
  const { present, flag, failure, sttMs } = seed;
  const generation = present ? (call?.record.generation ?? 1) : 3;
  const { step } = call?.record.command ?? { step: 'hangup' as const };
  const command = { step, generation: present ? (call?.record.command?.generation ?? 0) : 9 };
  const conversation = { ...newConversation('lead-capture'), sttMs };
  const occurredAtMs = atMs;
  const treatment = { kind: present ? 'Message' : 'Voicemail', message: 'Busy.', language: 'en-US' } as const;
  const transfer = present ? (call?.record.transfer?.generation ?? 1) : 3;
  const events: { readonly [K in CallEventKind]: CallEvent<K> } = {
    admitted: {
      kind: 'admitted',
      atMs,
      identity,
      pod: 'a',
      occurredAtMs,
      ...(flag ? { recording: { retentionDays: 30 } } : {}),
    },
    refused: {
      kind: 'refused',
      atMs,
      identity,
      cause: 'USER_BUSY',
      occurredAtMs,
      ...(flag ? { treatment } : {}),
    },
    rebuilt: { kind: 'rebuilt', atMs, identity, answeredAtMs: flag ? atMs - 500 : undefined, generation: 0 },
    answered: { kind: 'answered', atMs, occurredAtMs },
    commandDone: {
      kind: 'commandDone',
      atMs,
      ...(sttMs % 4 === 0 ? { step: 'end_leg' as const, generation: transfer } : command),
      ...(flag ? { legCallID: 'v3:leg' } : {}),
    },
    commandFailed: { kind: 'commandFailed', atMs, ...command, failure },
    placed: { kind: 'placed', atMs, pod: flag ? 'a' : 'b' },
    mediaAttached: { kind: 'mediaAttached', atMs, generation, pod: 'b' },
    mediaLost: { kind: 'mediaLost', atMs, generation, stopped: flag },
    streamStopped: { kind: 'streamStopped', atMs, generation },
    streamFailed: { kind: 'streamFailed', atMs, generation },
    streamElsewhere: {
      kind: 'streamElsewhere',
      atMs,
      generation: generation + 1,
      answeredAtMs: flag ? atMs - 500 : undefined,
    },
    ownerLost: { kind: 'ownerLost', atMs, generation, pod: flag ? 'a' : 'b' },
    givenAway: { kind: 'givenAway', atMs, generation, to: flag ? 'a' : 'b', inPause: present },
    spoken: { kind: 'spoken', atMs },
    recordingAsked: { kind: 'recordingAsked', atMs, result: flag ? 'Done' : 'Refused' },
    recorded: { kind: 'recorded', atMs, startedAtMs: atMs, endedAtMs: atMs + 1, carrierLegID: 'leg' },
    finished: {
      kind: 'finished',
      atMs,
      generation,
      reason: 'WorkflowCompleted',
      told: atMs % 2 === 0,
      hungUp: flag,
    },
    transfer: {
      kind: 'transfer',
      atMs,
      generation,
      target: 'sales',
      number: '+15550100777',
      timeLimitSeconds: 3_600,
      ...(flag ? { consult: { summary: 'A caller. Press 1.', language: 'en-US' } } : {}),
    },
    legDialled: { kind: 'legDialled', atMs, generation: transfer, legCallID: 'v3:leg' },
    legAnswered: { kind: 'legAnswered', atMs, generation: transfer, legCallID: 'v3:leg', occurredAtMs },
    legDecided: {
      kind: 'legDecided',
      atMs,
      generation: transfer,
      occurredAtMs,
      legCallID: 'v3:leg',
      decision: flag ? 'Accepted' : sttMs % 2 === 0 ? 'Declined' : 'NoAnswer',
    },
    bridged: { kind: 'bridged', atMs, generation: flag ? transfer : undefined, occurredAtMs },
    legHungUp: {
      kind: 'legHungUp',
      atMs,
      generation: transfer,
      occurredAtMs,
      failure: flag ? 'Busy' : undefined,
    },
    looped: { kind: 'looped', atMs, seenAtMs: atMs },
    counted: { kind: 'counted', atMs, generation, conversation },
    hungUp: {
      kind: 'hungUp',
      atMs,
      identity,
      occurredAtMs,
      cause: undefined,
      byCaller: flag,
      wasUp: present,
    },
    gone: { kind: 'gone', atMs },
    due: { kind: 'due', atMs: call?.record.deadlineAtMs ?? atMs },
  };
  return events[seed.kind];
}

const history = fc.array(fc.tuple(seedOf, fc.integer({ min: 1, max: 3 })), { maxLength: 60 });

interface Played {
  readonly transitions: readonly Transition[];
  readonly call: StoredCall | undefined;
}

/** Plays a history, each event up to three times, on from `first`. */
function play(events: readonly (readonly [Seed, number])[], first?: StoredCall, fromMs = T0): Played {
  let call = first;
  let nowMs = fromMs;
  const transitions: Transition[] = [];
  for (const [seed, times] of events) {
    nowMs += 700;
    const event = eventOf(seed, call, nowMs);
    for (let count = 0; count < times; count += 1) {
      const transition = decide(call, event);
      if (!transition) continue;
      transitions.push(transition);
      call = transition.call;
    }
  }
  return { transitions, call };
}

test('whatever happens in whatever order, a call keeps its rules', () => {
  fc.assert(
    fc.property(history, (events) => {
      const { transitions } = play(events);
      let settled = 0;
      const ledgerIDs = new Set<string>();
      let generation = 0;
      let seconds = 0;
      let state: CallState = 'ringing';
      const spokenOn = new Set<number>();
      for (const { call, ledger, counters, lease } of transitions) {
        const { record } = call;
        if (record.state === 'talking' && state !== 'talking') {
          // A stream gets one speaker, once.
          expect(spokenOn.has(record.generation)).toBe(false);
          spokenOn.add(record.generation);
        }
        // The pod that lost a stream is remembered until the next one is there.
        if (record.state === 'talking') expect(record.lostPod).toBeUndefined();
        state = record.state;
        expect(() => callRecordSchema.parse(JSON.parse(JSON.stringify(record)))).not.toThrow();
        if (lease === 'free') settled += 1;
        if (record.state === 'settled') {
          expect([record.command, record.deadlineAtMs]).toEqual([undefined, undefined]);
        } else {
          // It waits for something, and not for ever; and nothing leaves `settled`.
          expect(record.deadlineAtMs).toBeTypeOf('number');
          expect(settled).toBe(0);
        }
        // What the carrier has answered is not asked again, however often the stream is.
        if (record.recording?.result !== undefined && call.record.generation > generation)
          expect(record.command?.record).toBeUndefined();
        // A leg that is open, and not bridged, is not left at the carrier.
        if (record.state === 'settled') expect(openLegOf(record)).toBeUndefined();
        // Beside a conversation nothing else is told to the carrier.
        if (record.state === 'talking') expect(['end_leg', undefined]).toContain(record.command?.step);
        // Nobody gets the caller who did not say so.
        if (record.command?.step === 'bridge')
          expect(record.transfer?.consult?.acceptedAtMs).toBeTypeOf('number');
        // Nothing of ours is said into the conversation of two people.
        if (record.state === 'handed-over') expect(['look_up', undefined]).toContain(record.command?.step);
        expect(record.generation).toBeGreaterThanOrEqual(generation);
        generation = record.generation;
        seconds += counters?.callSeconds ?? 0;
        expect(seconds).toBeGreaterThanOrEqual(0);
        for (const event of ledger) {
          const id = `${event.id}@${'revision' in event ? event.revision : 0}`;
          expect(ledgerIDs.has(id)).toBe(false);
          ledgerIDs.add(id);
        }
      }
      expect(settled).toBeLessThanOrEqual(1);
      const counted = transitions.reduce((sum, { counters }) => sum + (counters?.calls ?? 0), 0);
      expect(counted).toBeLessThanOrEqual(1);
      const answers = transitions.filter(({ call }) => call.record.command?.step === 'answer');
      const generations = new Set(answers.map(({ call }) => call.record.command?.generation));
      expect(generations.size).toBeLessThanOrEqual(1);
    }),
    { numRuns: 500 },
  );
});

/** What is there of a call that Redis lost: what some pod remembers of it, or what the carrier returns. */
function afterLoss(remembered: StoredCall | undefined, { call }: Played): StoredCall | undefined {
  if (remembered && remembered.record.state !== 'settled')
    return { ...remembered, record: { ...remembered.record, rebuilt: true } };
  const { answeredAtMs, generation = 0 } = call?.record ?? {};
  return decide(undefined, { kind: 'rebuilt', atMs: LOST_AT_MS, identity, answeredAtMs, generation })?.call;
}

const LOST_AT_MS = T0 + 60_000;

test('whatever Redis loses of a call, nothing is told of it at one revision with two contents', () => {
  fc.assert(
    fc.property(history, history, fc.option(fc.nat({ max: 60 })), (before, after, remembered) => {
      const lost = play(before.filter(([{ kind }]) => !OF_LOSSES.has(kind)));
      const memory = remembered === null ? undefined : lost.transitions[remembered]?.call;
      const { transitions } = play(after, afterLoss(memory, lost), LOST_AT_MS);
      const told = [...lost.transitions, ...transitions].flatMap(({ ledger }) => ledger);
      const contents = new Map<string, string>();
      // What the carrier tells, it tells with one content.
      for (const event of told.filter((one) => !CARRIERS.has(one.kind) || revisionOf(one) < 0)) {
        const key = `${event.id}@${revisionOf(event)}`;
        const content = JSON.stringify(event);
        expect(contents.get(key) ?? content).toBe(content);
        contents.set(key, content);
      }
    }),
    { numRuns: 500 },
  );
});

/** What can only be after Redis lost something. */
const OF_LOSSES: ReadonlySet<CallEventKind> = new Set(['refused', 'rebuilt', 'streamElsewhere']);

/** Random histories tell these with random times. */
const CARRIERS: ReadonlySet<string> = new Set(['started', 'answered', 'recording']);

test('left alone, every call comes to its end', () => {
  fc.assert(
    fc.property(history, (events) => {
      let { call } = play(events);
      for (let count = 0; call && call.record.state !== 'settled'; count += 1) {
        expect(count).toBeLessThan(60);
        call = decide(call, { kind: 'due', atMs: call.record.deadlineAtMs ?? 0 })?.call ?? call;
      }
    }),
    { numRuns: 500 },
  );
});
