import { expect, test } from 'vitest';
import { isRejected, type LedgerEntry, parseEntry } from '#apiserver/ledger/stream-entry.ts';
import { type LedgerEvent, REBUILT_REVISION } from '#crds/ledger/ledger-event.ts';
import { shardOf } from '#crds/projection/shard.ts';
import type { CallLedger } from '#hack/standins/telnyx/control/call-ledger.ts';
import type { AskedCommand } from './asked-commands.ts';
import type { CallEvidence, Evidence } from './evidence.ts';
import { invariantsWith } from './invariants.ts';
import { STORM_TENANTS, type StormTenant } from './tenants.ts';

const SILENCE = { limitMs: 2_000, unreportedLimitMs: 5_000 };
const T0 = Date.UTC(2026, 4, 1);
const CALL = '7b7f7f3e-0f0e-4c2c-9d0a-6f1f6a4f2b7e';

test('every invariant holds for a call as it should be', () => {
  expect(breached(evidence({}))).toEqual([]);
});

const cases: readonly (readonly [string, Partial<Evidence>])[] = [
  ['a call is answered at most once, under one command id', withCarrier({ answers: 2 })],
  [
    'a call is answered at most once, under one command id',
    withCarrier({ commands: [command('answer', 'a'), command('answer', 'b')] }),
  ],
  [
    'a command that is sent again has the id that it had, and a new one another',
    withCall({ asked: [asked('hangup', 'a'), asked('hangup', 'b')] }),
  ],
  [
    'a command that is sent again has the id that it had, and a new one another',
    withCall({ asked: [streamStart(7, 'a'), streamStart(7, 'b')] }),
  ],
  [
    'a command that is sent again has the id that it had, and a new one another',
    withCall({ asked: [streamStart(7, 'a'), streamStart(8, 'a')] }),
  ],
  [
    'a command that is sent again has the id that it had, and a new one another',
    withCall({ asked: ['a', 'b'].map((id) => asked('streaming_stop', id)) }),
  ],
  [
    'a command that is sent again has the id that it had, and a new one another',
    withCall({ dialled: [1, 2].map(() => carrier({ direction: 'outgoing' })) }),
  ],
  [
    'nobody speaks to a caller, or asks anything of a call, after its end',
    withCarrier({ streams: [{ ...stream(), lateMessages: 4, latestAfterEndMs: 400 }] }),
  ],
  [
    'nobody speaks to a caller, or asks anything of a call, after its end',
    withCarrier({ commands: [{ ...command('speak', 'a'), atMs: T0 + 3_000 }] }),
  ],
  [
    'a correction says something else than what it corrects',
    withBooks(started(), ended(), usage(), usage({ revision: 1 })),
  ],
  [
    'no caller rings in vain while there is a pod',
    withCall({ carrier: unanswered({ hangupAtMs: T0 + 31_000 }), books: [] }),
  ],
  [
    'a call has one stream at a time, and no second socket by its token',
    withCarrier({ mostStreamsAtOnce: 2 }),
  ],
  [
    'a call has one stream at a time, and no second socket by its token',
    withCarrier({ streams: [{ ...stream(), twins: ['stayed open'] }] }),
  ],
  [
    'a call has one stream at a time, and no second socket by its token',
    withCarrier({ streams: [{ ...stream(), twins: ['refused with 409', 'opened, then closed with 1000'] }] }),
  ],
  [
    'a call that was answered ends with its caller or with its conversation, never by our fault',
    withBooks(started(), ended({ reason: 'MediaLost' }), usage()),
  ],
  [
    'no call within the limits is refused while there is a pod',
    withCall({ carrier: unanswered({ hangupCause: 'user_busy' }), books: [] }),
  ],
  ['no call stays open', withCarrier({ state: 'answered' })],
  ['no call stays open', withCall({ lostPatience: true })],
  ['no call stays open', withCall({ dialled: [carrier({ direction: 'outgoing', state: 'dialing' })] })],
  [
    'a caller is never left in silence',
    withCarrier({ heard: [{ atMs: 0, lengthMs: 3_000, kind: 'Silence', callerMs: 900 }] }),
  ],
  ['a call is settled once', withBooks(started(), usage())],
  ['a call is settled once', withBooks(started(), ended(), ended({ reason: 'CallerHungUp' }), usage())],
  ["a call is metered once, by the carrier's time", withBooks(started(), ended())],
  [
    "a call is metered once, by the carrier's time",
    withBooks(started(), ended(), usage({ callSeconds: 12 })),
  ],
  ["a call is metered once, by the carrier's time", withCall({ carrier: unanswered() })],
  [
    'no event is told twice with another content',
    withBooks(started(), ended(), usage(), usage({ sttSeconds: 9 })),
  ],
  ['no event is told twice with another content', { strays: ['NotAnEvent'] }],
  ["the month's counters are the sum of what was metered", { counted: counters(2, 20) }],
  [
    'what a caller had confirmed is in the lead',
    { confirmed: [{ callID: CALL, fields: [{ name: 'name', value: 'answer 8' }], atMs: T0 }] },
  ],
  ['no deadline, lease, slot or live call is left', { held: ['leases:{s00}:a b'] }],
  ['no deadline, lease, slot or live call is left', { callsHeld: 1 }],
  ['no pod ends by itself', { ends: ['storm-0-1'] }],
  ['no tenant has more calls than its limits allow', severalOf({ concurrentCalls: 2 })],
  ['no tenant has more calls than its limits allow', severalOf({ callsInSchedule: 2 })],
];

test.each(cases)('"%s" is breached', (sentence, spoilt) => {
  expect(breached(evidence(spoilt))).toContain(sentence);
});

test('each invariant has a case', () => {
  expect([...new Set(cases.map(([sentence]) => sentence))].toSorted()).toEqual(
    [...invariantsWith(SILENCE).keys()].toSorted(),
  );
});

test('a person’s time on the line is not metered', () => {
  const carried = carrier({ bridgedAtMs: T0 + 4_000, state: 'ended' });
  const found = evidence({
    ...withCall({ carrier: carried, books: books(started(), lead(), ended(), usage({ callSeconds: 4 })) }),
    counted: counters(1, 4),
  });
  expect(breached(found)).toEqual([]);
});

test('silence in which no pod was there is not counted', () => {
  const heard = [{ atMs: 2_000, lengthMs: 6_000, kind: 'Silence' as const, callerMs: 900 }];
  const outages = [{ fromMs: T0 + 3_000, toMs: T0 + 7_000 }];
  expect(breached(evidence({ ...withCarrier({ heard }), outages }))).toEqual([]);
});

test('a call that was written back may be settled below its first settlement, and no other call', () => {
  const written = withBooks(
    started(),
    ended(),
    ended({ revision: REBUILT_REVISION }),
    usage(),
    usage({ revision: REBUILT_REVISION }),
  );
  const schedule = { ...evidence({}).schedule, faults: [{ do: 'KillRedis', forMs: 0, atMs: 0 } as const] };
  expect(breached(evidence({ ...written, schedule }))).toEqual([]);
  expect(breached(evidence(written))).toEqual(['a call is settled once']);
});

test('a caller may ring in vain where the carrier gave up while no pod had Redis', () => {
  const told = { eventID: 'initiated', eventType: 'call.initiated', attempts: 6, lastAttemptAtMs: T0 + 700 };
  const ringing = withCall({
    carrier: unanswered({ hangupAtMs: T0 + 31_000, webhooks: [told] }),
    books: [],
  });
  const shortOfRedis = (toMs: number) => ({
    shortages: { ...evidence({}).shortages, Redis: [{ fromMs: T0, toMs }] },
  });
  const inVain = 'no caller rings in vain while there is a pod';
  expect(breached(evidence({ ...ringing, ...shortOfRedis(T0 + 1_000) }))).not.toContain(inVain);
  expect(breached(evidence({ ...ringing, ...shortOfRedis(T0 + 500) }))).toContain(inVain);
});

test('a caller of whom no pod was ever told may ring in vain', () => {
  const initiated = { eventID: 'initiated', eventType: 'call.initiated', lastAttemptAtMs: T0 };
  const told = (attempts: number) =>
    evidence(
      withCall({
        carrier: unanswered({ hangupAtMs: T0 + 31_000, webhooks: [{ ...initiated, attempts }] }),
        books: [],
      }),
    );
  const inVain = 'no caller rings in vain while there is a pod';
  expect(breached(told(0))).not.toContain(inVain);
  expect(breached(told(1))).toContain(inVain);
});

test('a caller who leaves a message is listened to through the pauses between its parts, and no longer', () => {
  const silent = 'a caller is never left in silence';
  const breachedAfter = (lengthMs: number, field: string) => {
    const heard = [{ atMs: 0, lengthMs, kind: 'Silence' as const, callerMs: 1_800 }];
    const told = books(started(), lead(field), ended(), usage());
    return breached(evidence(withCall({ carrier: carrier({ heard }), books: told })));
  };
  const patientMs = 1_800 + 5_000 + 1_700 + SILENCE.limitMs;
  expect(breachedAfter(patientMs, 'message')).not.toContain(silent);
  expect(breachedAfter(patientMs + 20, 'message')).toContain(silent);
  expect(breachedAfter(patientMs, 'name')).toContain(silent);
});

test('on a machine that was too busy, no time means anything', () => {
  const heard = [{ atMs: 0, lengthMs: 9_000, kind: 'Silence' as const, callerMs: 900 }];
  expect(breached(evidence({ ...withCarrier({ heard }), stalledMs: 600 }))).toEqual([]);
});

test('without Redis, limits may be passed and counters are unknown', () => {
  const schedule = { ...evidence({}).schedule, faults: [{ do: 'EmptyRedis', atMs: 0 } as const] };
  expect(
    breached(evidence({ ...severalOf({ concurrentCalls: 2 }), counted: counters(9, 9), schedule })),
  ).toEqual([]);
});

function breached(found: Evidence): string[] {
  return [...invariantsWith(SILENCE)].flatMap(([sentence, invariant]) =>
    invariant(found).length === 0 ? [] : sentence,
  );
}

function evidence(spoilt: Partial<Evidence>): Evidence {
  return {
    schedule: {
      carrier: 'fast',
      webhooks: { copies: 1, jitterMs: 0 },
      person: 'busy',
      calls: [],
      faults: [],
    },
    calls: [call({})],
    strays: [],
    held: [],
    callsHeld: 0,
    ends: [],
    outages: [],
    shortages: { Carrier: [], Redis: [], Pods: [] },
    stalledMs: 20,
    confirmed: [{ callID: CALL, fields: [{ name: 'name', value: 'answer 7' }], atMs: T0 }],
    counted: counters(1, 10),
    ...spoilt,
  };
}

function call(spoilt: Partial<CallEvidence>): CallEvidence {
  return {
    callID: CALL,
    tenant: tenantWith({}),
    carrier: carrier({}),
    asked: [asked('answer', 'a')],
    dialled: [],
    books: books(started(), lead(), ended(), usage()),
    lostPatience: false,
    ...spoilt,
  };
}

function withCall(spoilt: Partial<CallEvidence>): Partial<Evidence> {
  return { calls: [call(spoilt)] };
}

function withCarrier(spoilt: Partial<CallLedger>): Partial<Evidence> {
  return withCall({ carrier: carrier(spoilt) });
}

function withBooks(...events: readonly LedgerEvent[]): Partial<Evidence> {
  return withCall({ books: books(...events, lead()) });
}

/** Three calls of one tenant at once. */
function severalOf(limits: Partial<StormTenant>): Partial<Evidence> {
  const tenant = STORM_TENANTS.find((one) =>
    Object.entries(limits).every(([limit]) => one[limit as keyof StormTenant] !== 'Unlimited'),
  );
  if (!tenant) throw new RangeError('no tenant has such a limit');
  const many = tenant.concurrentCalls === 'Unlimited' ? 5 : 3;
  const one = call({ tenant });
  const name = STORM_TENANTS[0]?.id ?? '';
  return {
    calls: Array.from({ length: many }, () => one),
    counted: {
      before: new Map(),
      after: new Map([
        [tenant.id, { calls: many, callSeconds: 10 * many }],
        [name, { calls: 0, callSeconds: 0 }],
      ]),
    },
  };
}

function carrier(spoilt: Partial<CallLedger>): CallLedger {
  return {
    callID: 'leg',
    callControlID: 'v3:leg',
    callSessionID: 'session',
    direction: 'incoming',
    from: '+13125550000',
    to: tenantWith({}).number,
    state: 'ended',
    initiatedAtMs: T0,
    answeredAtMs: T0,
    hangupAtMs: T0 + 9_500,
    hangupCause: 'normal_clearing',
    hangupSource: 'callee',
    answers: 1,
    upMs: 9_500,
    longestSilenceMs: 900,
    longestWithoutAgentMs: 1_800,
    heard: [{ atMs: 0, lengthMs: 9_500, kind: 'Sound', callerMs: 900 }],
    underruns: [],
    streams: [stream()],
    mostStreamsAtOnce: 1,
    longestWithoutStreamMs: 0,
    spoken: [],
    recordings: [],
    commands: [command('answer', 'a')],
    webhooks: ['call.answered', 'call.hangup'].map((eventType) => ({
      eventID: eventType,
      eventType,
      attempts: 1,
      lastAttemptAtMs: T0,
      takenAtMs: T0,
    })),
    ...spoilt,
  };
}

function unanswered(spoilt: Partial<CallLedger> = {}): CallLedger {
  const { answeredAtMs: _, ...rest } = carrier({ answers: 0, upMs: 0, heard: [], commands: [] });
  return { ...rest, ...spoilt };
}

function stream(): CallLedger['streams'][number] {
  return {
    streamID: 'stream',
    url: 'ws://127.0.0.1/media/pod/call',
    askedAtMs: T0,
    openedAtMs: T0,
    endedAtMs: T0 + 9_500,
    playedMs: 5_000,
    mediaMessages: 250,
    lateMessages: 0,
    latestAfterEndMs: 0,
    framesDropped: 0,
    marksPlayed: 4,
    marksCleared: 0,
    clears: 0,
    repliesMs: [],
    clearsMs: [],
    errors: [],
    twins: [],
    faults: [],
  };
}

function command(action: string, commandID: string): CallLedger['commands'][number] {
  return { atMs: T0, action, commandID, result: '200', repeat: false };
}

function asked(action: string, commandID: string): AskedCommand {
  return { atMs: T0, action, commandID, streamURL: undefined };
}

function streamStart(generation: number, commandID: string): AskedCommand {
  const streamURL = `ws://127.0.0.1/media/pod/call?generation=${generation}`;
  return { ...asked('streaming_start', commandID), streamURL };
}

function counters(calls: number, callSeconds: number): Evidence['counted'] {
  return { before: new Map(), after: new Map([[tenantWith({}).id, { calls, callSeconds }]]) };
}

function tenantWith(own: Partial<StormTenant>): StormTenant {
  const [first] = STORM_TENANTS;
  if (!first) throw new RangeError('there are no tenants');
  return { ...first, ...own };
}

function books(...events: readonly LedgerEvent[]): LedgerEntry[] {
  return events.map((event, index) => {
    const entry = parseEntry({
      shard: shardOf(event.tenantID),
      streamID: `${index}-0`,
      text: JSON.stringify(event),
    });
    if (isRejected(entry)) throw new Error(entry.detail);
    return entry;
  });
}

function common<K extends LedgerEvent['kind']>(kind: K) {
  const tenantID = tenantWith({}).id;
  const occurredAt = new Date(T0).toISOString();
  return { schemaVersion: 1, id: `${CALL}/${kind}`, kind, tenantID, callID: CALL, occurredAt } as const;
}

function started(): LedgerEvent {
  const to = tenantWith({}).number;
  return { ...common('started'), from: '+13125550000', to, runtime: 'a/b', carrierCallID: 'v3:leg' };
}

function lead(field = 'name'): LedgerEvent {
  const fields = [{ name: field, label: 'Name', value: 'answer 7', spoken: 'answer 7' }];
  return { ...common('lead'), revision: 3, workflow: 'lead', complete: true, fields };
}

function ended(own: Partial<Extract<LedgerEvent, { kind: 'ended' }>> = {}): LedgerEvent {
  return { ...common('ended'), revision: 0, reason: 'WorkflowCompleted', ...own };
}

function usage(own: Partial<Extract<LedgerEvent, { kind: 'usage' }>> = {}): LedgerEvent {
  const figures = { month: '2026-05', calls: 1, callSeconds: 10, sttSeconds: 2, ttsCharacters: 80 };
  return { ...common('usage'), revision: 0, ...figures, ...own };
}
