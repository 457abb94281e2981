import { beforeEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { tenantProfileSchema } from '#crds/projection/tenant-profile.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { admitted, answered, attached, hungUp, run } from '#runtime/testing/call-life.ts';
import { profile } from '#runtime/testing/test-runtime.ts';
import type { AdvanceRequest } from './advance.ts';
import { LiveCall, type LiveCallServices } from './call.ts';
import type { CallRecord, StoredCall } from './call-record.ts';
import { type ConversationState, newConversation } from './conversation-state.ts';
import { decide } from './machine.ts';
import type { SessionEvents } from './session-port.ts';

let stored: StoredCall;
/** What happened, in its order. */
let told: string[];
let isKept: boolean;
/** How many of the next events cannot be stored. */
let failures: number;
/** How often the conversation cannot be kept. */
let keepFailures: number;
let clock: FakeClock;
let call: LiveCall;
let events: SessionEvents | undefined;
let conversation: ConversationState;
/** Whether all pods of the pool can ask a person first. */
let canAsk: boolean;
/** What was written back last. */
let writtenBack: CallRecord | undefined;
/** What the latest session was given. */
let began: ConversationState | undefined;

beforeEach(() => {
  told = [];
  isKept = true;
  canAsk = true;
  failures = 0;
  keepFailures = 0;
  conversation = newConversation('lead-capture');
  const talking = run(admitted, answered(), attached).call;
  if (talking?.record.answeredAtMs === undefined) throw new Error('no call');
  stored = talking;
  clock = new FakeClock(talking.record.startedAtMs);
  call = liveCall({});
});

/** Opened. */
function liveCall(
  own: Pick<Partial<CallRecord>, 'resumes' | 'rebuilt'>,
  ofTenant = tenantProfileSchema.parse(profile),
): LiveCall {
  const { record } = stored;
  const opened = new LiveCall({
    record: { ...record, answeredAtMs: record.answeredAtMs ?? 0, ...own },
    version: 3,
    profile: ofTenant,
    conversation: undefined,
    services: services(),
    onGone: (gone) => told.push(`gone ${gone?.state}`),
  });
  opened.open({} as WebSocket);
  return opened;
}

function services(): LiveCallServices {
  const advance = async ({ event }: AdvanceRequest) => {
    if (failures > 0) {
      failures -= 1;
      throw new Error('Redis is away');
    }
    told.push(event.kind);
    const transition = decide(stored, event);
    if (transition) stored = transition.call;
    return { outcome: transition ? 'Stored' : 'Ignored', call: stored, version: 4 } as const;
  };
  return {
    store: {
      keepConversation: async () => {
        if (keepFailures > 0) {
          keepFailures -= 1;
          throw new Error('Redis is away');
        }
        told.push('kept');
        return isKept;
      },
      restore: async ({ record }) => {
        writtenBack = record;
        return 'There';
      },
      transferRoom: async () => 0,
    },
    advancer: { advance },
    driver: { drive: async ({ record }) => void told.push(`driven to ${record.pod}`) },
    carrier: { send: async () => 'Done' },
    ledger: { append: () => undefined },
    slots: { allCan: async () => canAsk },
    toolTokens: { tokenOf: async () => undefined },
    openSession: (_socket, context) => {
      events = context.events;
      began = context.conversation;
      return {
        conversation: () => conversation,
        paused: false,
        rest: () => told.push('rests'),
        close: async () => void told.push('quiet'),
      };
    },
    log: silentLogger,
    clock,
  };
}

test.each<[string, Pick<Partial<CallRecord>, 'resumes' | 'rebuilt'>, number]>([
  ['the first stream', {}, 0],
  ['a later one', { resumes: 1 }, 4],
  ['one of a call that Redis had lost', { rebuilt: true }, 4],
])('the turns of %s have no index that a lost session may have used', async (_which, own, index) => {
  // Answered a second after the start.
  await clock.advance(5_000);
  liveCall(own);
  expect(began?.nextTurn).toBe(index);
});

test('no turn has an index below 0 by a clock that is behind the carrier’s', () => {
  liveCall({ resumes: 1 });
  expect(began?.nextTurn).toBe(0);
});

test('a call that is broken off is quiet, and what was said is kept, before another pod has it', async () => {
  expect(await call.breakOff('b')).toBe(true);
  expect(told).toEqual(['kept', 'quiet', 'kept', 'givenAway', 'driven to b', 'quiet', 'gone attaching']);
  // The other pod apologises for it.
  expect(stored.record).toMatchObject({ state: 'attaching', pod: 'b' });
  expect(stored.record.seamless).toBeUndefined();
  expect(call.movable).toBe(false);
});

test('one that is another pod’s by now is not cut off', async () => {
  isKept = false;
  expect(await call.breakOff('b')).toBe(false);
  expect(told).toEqual(['kept']);
  expect(call.movable).toBe(true);
});

test('one that was cut off and cannot be given away is attached again, wherever that is', async () => {
  failures = 1;
  expect(await call.breakOff('b')).toBe(false);
  expect(told).toEqual(['kept', 'quiet', 'kept', 'mediaLost', 'driven to a', 'quiet', 'gone attaching']);
  expect(stored.record).toMatchObject({ state: 'attaching', pod: 'a' });
});

test('one that ends meanwhile ends, and goes nowhere', async () => {
  const ending = call.end();
  expect(await call.breakOff('b')).toBe(false);
  await ending;
  expect(told).not.toContain('givenAway');
});

describe('a person who is asked first', () => {
  const profileWithAnna = tenantProfileSchema.parse({
    ...profile,
    transferTargets: [{ name: 'anna', mode: 'Warm', number: '+15550100777' }],
  });

  test('leaves the caller with the session, what was collected being kept before that is stored', async () => {
    liveCall({}, profileWithAnna);
    expect(await events?.transfer({ target: 'anna', summary: 'A caller.' })).toBe(true);
    expect(told).toEqual(['kept', 'transfer', 'driven to a']);
    expect(stored.record).toMatchObject({
      state: 'consulting',
      transfer: { consult: { summary: 'A caller.', language: 'en-US' } },
    });
  });

  test('is not asked beside pods that cannot: the caller is put through, and leaves the session', async () => {
    liveCall({}, profileWithAnna);
    canAsk = false;
    expect(await events?.transfer({ target: 'anna', summary: 'A caller.' })).toBe(true);
    expect(stored.record.state).toBe('transferring');
    expect(stored.record.transfer?.consult).toBeUndefined();
    await clock.advance(0);
    expect(told).toContain('gone transferring');
  });

  test('is still asked where Redis loses the call meanwhile, and the caller still waits', async () => {
    const asking = liveCall({}, profileWithAnna);
    await events?.transfer({ target: 'anna', summary: 'A caller.' });
    await asking.restore();
    expect(writtenBack).toMatchObject({ state: 'consulting', transfer: { target: 'anna' } });
  });

  test('is not asked where the call is another pod’s by now', async () => {
    liveCall({}, profileWithAnna);
    isKept = false;
    expect(await events?.transfer({ target: 'anna', summary: 'A caller.' })).toBe(false);
    expect(told).toEqual(['kept']);
  });
});

describe('what was said while Redis was away', () => {
  test('is kept before the loss of the stream is told, so that the next session goes on from there', async () => {
    keepFailures = 3;
    const ending = call.end();
    await clock.advance(10_000);
    await ending;
    expect(told).toEqual(['quiet', 'kept', 'mediaLost', 'driven to a', 'kept', 'quiet', 'gone attaching']);
  });

  test('is not waited for where Redis stays away: the loss is told as soon as that can be', async () => {
    keepFailures = Number.POSITIVE_INFINITY;
    const ending = call.end();
    await clock.advance(50_000);
    expect(told).not.toContain('mediaLost');
    await clock.advance(20_000);
    await ending;
    expect(told).toContain('mediaLost');
  });

  test('is kept after the end of the conversation was told: nobody waits for it, and it is what is billed', async () => {
    keepFailures = 1;
    events?.finished('WorkflowCompleted', true);
    await clock.advance(100);
    expect(told).toEqual(['finished', 'driven to a', 'kept', 'quiet', 'gone ending']);
  });

  test('is billed where Redis comes back long after the call has left the pod, settled by others or not yet', async () => {
    conversation = { ...conversation, sttMs: 9_000, ttsCharacters: 40 };
    failures = Number.POSITIVE_INFINITY;
    keepFailures = Number.POSITIVE_INFINITY;
    events?.finished('WorkflowCompleted', true);
    await clock.advance(70_000);
    expect(told).toEqual(['quiet', 'gone undefined']);
    await clock.advance(1_800_000);
    const settled = decide(stored, hungUp(31));
    if (settled) stored = settled.call;
    failures = 0;
    keepFailures = 0;
    await clock.advance(3_000);
    expect(told.slice(2)).toEqual(['kept', 'counted']);
    expect(stored.record.settlement).toMatchObject({ sttSeconds: 9, ttsCharacters: 40 });
  });
});
