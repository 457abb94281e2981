import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { podKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import type { CallRecord } from '#hack/standins/telnyx/calls/call-record.ts';
import type { Destination } from '#hack/standins/telnyx/calls/destinations.ts';
import type { TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import type { CallRecord as StoredRecord } from '#runtime/call/call-record.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { type CarrierSite, startCarrierSite } from '#runtime/testing/carrier-site.ts';
import { CALLER, NUMBER, profile, TENANT, type TestRuntime } from '#runtime/testing/test-runtime.ts';

const ANNA = '+15550100777';
const DESK = '+15550100778';
const SUMMARY = 'A caller for you. Press 1.';
const PATIENCE = { timeout: 15_000 };
const withAnna = { ...profile, transferTargets: [{ name: 'anna', mode: 'Warm', number: ANNA }] };
const TAKES = { kind: 'answers', afterMs: 50, presses: '1', pressesAfterMs: 50 } as const;
const DECLINES = { ...TAKES, presses: '2' } as const;
/** Answers, and presses nothing. */
const VOICEMAIL = { kind: 'answers', afterMs: 50 } as const;

let site: CarrierSite;
let carrier: TelnyxStandIn;
let pod: TestRuntime;
let caller: CallRecord;

beforeEach(async () => {
  site = await startCarrierSite();
  ({ carrier, pod } = site);
  await pod.project(withAnna);
});

afterEach(() => site.stop());

/** A call that is talked to, whose agent asks Anna, who does this. */
async function ask(destination: Destination): Promise<void> {
  carrier.control.setDestination(ANNA, destination);
  caller = carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect.poll(() => pod.opened.length, PATIENCE).toBe(1);
  expect(await pod.opened[0]?.events.transfer({ target: 'anna', summary: SUMMARY })).toBe(true);
}

const refOf = () => ({ tenantID: TENANT, callID: callIDOf(caller.callControlID) });

async function recordOf(): Promise<StoredRecord> {
  return JSON.parse((await pod.redis.hget(storeKeys.call(refOf()), 'record')) ?? '{}') as StoredRecord;
}

const stateOf = async (): Promise<string> => (await recordOf()).state;
const stateAtCarrier = (): string => carrier.control.call(caller.id).state;
const legs = (): CallRecord[] => carrier.control.calls().filter(({ direction }) => direction === 'outgoing');
const legOf = (): CallRecord | undefined => legs().at(-1);
const actionsOf = (call: CallRecord | undefined): string[] =>
  (call?.commands ?? []).filter(({ repeat }) => !repeat).map(({ action }) => action);

/** Lets the deadline of the call's state have passed. */
async function letBeOverdue(): Promise<void> {
  const before = await recordOf();
  const transfer = before.transfer && { ...before.transfer, startedAtMs: Date.now() - 60_000 };
  const record = { ...before, transfer, deadlineAtMs: Date.now() - 1 };
  await pod.redis.hset(storeKeys.call(refOf()), 'record', JSON.stringify(record));
  const due = storeKeys.due(shardOf(TENANT), 'veralux-system/shared');
  await pod.redis.zadd(due, 0, `${TENANT}/${refOf().callID}`);
}

async function booksOf(kind: 'ended' | 'usage') {
  await expect.poll(() => pod.ledgerKinds(), PATIENCE).toContain(kind);
  return (await pod.ledger()).findLast((event) => event.kind === kind && event.callID === refOf().callID);
}

/** A caller who is back with the agent, whom nobody has any more. */
async function expectReturned(failure: string): Promise<void> {
  await expect.poll(() => pod.opened.length, PATIENCE).toBe(2);
  expect(pod.opened[1]).toMatchObject({ transferFailure: failure, asking: undefined });
  await expect.poll(() => legOf()?.state, PATIENCE).toBe('ended');
  await expect.poll(stateOf, PATIENCE).toBe('talking');
  expect(stateAtCarrier()).toBe('answered');
}

describe('a person who is asked and takes the call', () => {
  test('hears the summary, and has the caller, who had the agent until then', async () => {
    await ask({ ...TAKES, pressesAfterMs: 400 });
    await expect.poll(() => legOf()?.spoken, PATIENCE).toEqual([SUMMARY]);
    expect([await stateOf(), stateAtCarrier(), legOf()?.from]).toEqual(['consulting', 'answered', NUMBER]);
    expect(carrier.control.call(caller.id).streams.at(-1)?.endedAt).toBeUndefined();
    expect(pod.runtime.pod.calls).toBe(1);

    await expect.poll(stateOf, PATIENCE).toBe('handed-over');
    expect([stateAtCarrier(), legOf()?.state, legs().length]).toEqual(['bridged', 'bridged', 1]);
    await expect.poll(() => pod.runtime.pod.calls, PATIENCE).toBe(0);
    await expect.poll(() => pod.redis.zcard('slots:{veralux-system/shared}:pod-a'), PATIENCE).toBe(0);
    expect(await pod.redis.zcard(storeKeys.dialling(TENANT))).toBe(0);
    const { bridgedAtMs = 0, answeredAtMs = 0 } = await recordOf();

    carrier.control.callerHangsUp(caller.id);
    expect(await booksOf('ended')).toMatchObject({ reason: 'Transferred' });
    const callSeconds = Math.ceil((bridgedAtMs - answeredAtMs) / 1_000);
    expect(await booksOf('usage')).toMatchObject({ calls: 1, callSeconds });
    expect(legOf()?.state).toBe('ended');
    expect((await pod.ledgerKinds()).filter((kind) => kind === 'started')).toHaveLength(1);
  });

  test("ends the agent's stream also at a carrier that leaves it to a bridge", async () => {
    carrier.control.change({ bridgeEndsStream: false });
    await ask(TAKES);
    await expect.poll(() => pod.runtime.pod.calls, PATIENCE).toBe(0);
    await expect.poll(() => carrier.control.call(caller.id).streams.at(-1)?.endedAt, PATIENCE).toBeDefined();
    expect([await stateOf(), stateAtCarrier()]).toEqual(['handed-over', 'bridged']);
  });

  test('every webhook sixfold and shuffled leads to one leg, one question, one bridge and the same books', async () => {
    carrier.control.faults.add({
      at: 'webhook *',
      fault: { kind: 'duplicate', times: 6, jitterMs: 400 },
      count: 1_000,
    });
    await ask({ ...TAKES, talksMs: 50 });
    await expect.poll(stateAtCarrier, PATIENCE).toBe('ended');
    expect(await booksOf('ended')).toMatchObject({ reason: 'Transferred' });
    expect([legs().length, actionsOf(legOf())]).toEqual([1, ['dial', 'gather_using_speak']]);
    expect(actionsOf(carrier.control.call(caller.id)).filter((action) => action === 'bridge')).toHaveLength(
      1,
    );
  });

  test('has the caller although the carrier tells of nothing but the key', async () => {
    for (const lost of ['call.initiated', 'call.gather.ended', 'call.bridged'])
      carrier.control.faults.add({ at: `webhook ${lost}`, call: ANNA, fault: { kind: 'drop' }, count: 100 });
    carrier.control.faults.add({ at: 'webhook call.bridged', fault: { kind: 'drop' }, count: 100 });
    await ask(TAKES);
    await expect.poll(stateAtCarrier, PATIENCE).toBe('bridged');
    await letBeOverdue();
    await expect.poll(stateOf, PATIENCE).toBe('handed-over');
  });

  test('has the caller although the carrier replies to no bridge, and tells of none', async () => {
    carrier.control.faults.add({ at: 'webhook call.bridged', fault: { kind: 'drop' }, count: 100 });
    const at = 'POST /v2/calls/*/actions/bridge';
    carrier.control.faults.add({ at, fault: { kind: 'loseReply' }, count: 1_000 });
    await ask(TAKES);
    await expect.poll(stateOf, { timeout: 60_000 }).toBe('handed-over');
    expect([stateAtCarrier(), legOf()?.state, pod.opened.length]).toEqual(['bridged', 'bridged', 1]);
  }, 90_000);

  test('is dialled once where the reply to that was lost', async () => {
    carrier.control.faults.add({ at: 'POST /v2/calls', fault: { kind: 'loseReply' }, count: 1 });
    await ask(TAKES);
    await expect.poll(stateOf, PATIENCE).toBe('handed-over');
    expect(legs()).toHaveLength(1);
  });
});

describe("a caller whom nobody takes is the agent's again", () => {
  test.each<[string, Destination, string]>([
    ['the person declines', DECLINES, 'Declined'],
    ['the person hangs up while being asked', { ...VOICEMAIL, leavesAfterMs: 50 }, 'Declined'],
    ['the person is busy', { kind: 'busy' }, 'Busy'],
    ['the person rejects the call', { kind: 'rejects' }, 'Declined'],
    ['the number leads nowhere', { kind: 'notFound' }, 'NotFound'],
  ])('where %s', async (_, destination, failure) => {
    pod.conversation = { ...pod.conversation, phase: 'Collecting', nextTurn: 4 };
    await ask(destination);
    await expectReturned(failure);
    // The session before may have been cut off in a sentence that has the number 4.
    expect(pod.opened[1]?.conversation.nextTurn).toBe(5);
    carrier.control.callerHangsUp(caller.id);
    expect(await booksOf('ended')).toMatchObject({ reason: 'CallerHungUp' });
  });

  test('where a voicemail answers, whose leg ends', async () => {
    await ask(VOICEMAIL);
    await expect.poll(() => legOf()?.spoken, PATIENCE).toEqual([SUMMARY]);
    await expectReturned('NoAnswer');
    expect(legOf()?.events.map(({ event }) => event)).not.toContain('bridged');
  }, 30_000);

  test('where nobody answers, and the carrier does not tell so', async () => {
    await ask({ kind: 'noAnswer' });
    await expect.poll(async () => (await recordOf()).transfer?.legCallID, PATIENCE).toBeDefined();
    await letBeOverdue();
    await expectReturned('NoAnswer');
  });

  test('where the carrier refuses to dial, or to connect', async () => {
    carrier.control.faults.add({ at: 'POST /v2/calls', fault: { kind: 'status', status: 422 }, count: 1 });
    await ask(TAKES);
    await expect.poll(() => pod.opened.length, PATIENCE).toBe(2);
    expect([pod.opened[1]?.transferFailure, legs()]).toEqual(['Failed', []]);
    const fault = { kind: 'status', status: 422 } as const;
    carrier.control.faults.add({ at: 'POST /v2/calls/*/actions/bridge', fault, count: 1 });
    expect(await pod.opened[1]?.events.transfer({ target: 'anna', summary: SUMMARY })).toBe(true);
    await expect.poll(() => pod.opened.length, PATIENCE).toBe(3);
    expect(pod.opened[2]?.transferFailure).toBe('Failed');
    await expect.poll(() => legOf()?.state, PATIENCE).toBe('ended');
  });

  test('where the number forwards to the tenant itself', async () => {
    await ask({ kind: 'noAnswer' });
    await expect.poll(async () => (await recordOf()).transfer?.legCallID, PATIENCE).toBeDefined();
    const loop = carrier.control.placeCall({ from: ANNA, to: NUMBER });
    await expect.poll(() => carrier.control.call(loop.id).hangupCause, PATIENCE).toBe('user_busy');
    await expectReturned('Loop');
  });
});

describe('the leg of a person who declined, at a carrier that takes no command for a while', () => {
  beforeEach(async () => {
    // Which would end it, too, some time later.
    await pod.runtime.stuck.stop();
    const fault = { kind: 'status', status: 429 } as const;
    carrier.control.faults.add({ at: 'POST /v2/calls/*/actions/hangup', fault, count: 14 });
    await ask(DECLINES);
    await expect.poll(() => pod.opened.length, PATIENCE).toBe(2);
  });

  test('is ended while its caller is with the agent', async () => {
    await expect.poll(() => legOf()?.state, { timeout: 30_000 }).toBe('ended');
    await expect.poll(async () => (await recordOf()).command, PATIENCE).toBeUndefined();
    expect([await stateOf(), stateAtCarrier()]).toEqual(['talking', 'answered']);
  }, 60_000);

  test('is ended after its caller has hung up', async () => {
    carrier.control.callerHangsUp(caller.id);
    await expect.poll(() => legOf()?.state, { timeout: 30_000 }).toBe('ended');
    expect(await booksOf('ended')).toMatchObject({ reason: 'CallerHungUp' });
  }, 60_000);
});

test('a caller in danger is put through at once while the leg of a person who declined cannot be ended', async () => {
  await pod.project({
    ...withAnna,
    transferTargets: [...withAnna.transferTargets, { name: 'desk', number: DESK }],
  });
  carrier.control.setDestination(DESK, { kind: 'answers', afterMs: 50 });
  const at = 'POST /v2/calls/*/actions/hangup';
  carrier.control.faults.add({ at, fault: { kind: 'status', status: 500 }, count: 1_000 });
  await ask(DECLINES);
  await expect.poll(() => pod.opened.length, PATIENCE).toBe(2);
  expect(legOf()?.state).toBe('answered');
  expect(await pod.opened[1]?.events.transfer({ target: 'desk' })).toBe(true);
  await expect.poll(stateOf, PATIENCE).toBe('handed-over');
  expect(stateAtCarrier()).toBe('bridged');

  await pod.runtime.driver.idle();
  carrier.control.faults.clear();
  await pod.runtime.stuck.sweep();
  expect(legs().map(({ state }) => state)).toEqual(['ended', 'bridged']);
  expect(stateAtCarrier()).toBe('bridged');
}, 60_000);

test('nobody is asked while a pod of an earlier release is in the pool: the caller is put through', async () => {
  const old = { pod: 'old', runtime: 'veralux-system/shared', state: 'Serving', mediaURL: 'ws://old' };
  const beat = { ...old, slots: 0, calls: 0, at: Date.now() };
  await pod.redis.hset(podKeys.pod(old.runtime, old.pod), 'value', JSON.stringify(beat));
  await pod.redis.zadd(podKeys.runtimePods(old.runtime), Date.now() + 60_000, old.pod);
  await ask({ kind: 'answers', afterMs: 50 });
  await expect.poll(stateOf, PATIENCE).toBe('handed-over');
  expect([stateAtCarrier(), legOf()?.state, legOf()?.spoken]).toEqual(['bridged', 'bridged', []]);
  expect(actionsOf(carrier.control.call(caller.id))).toContain('transfer');
});

describe('a caller who hangs up while a person is asked', () => {
  test.each<[string, Destination]>([
    ['rings', { kind: 'noAnswer' }],
    ['is told of them', VOICEMAIL],
  ])('takes the leg that %s along', async (_, destination) => {
    await ask(destination);
    await expect
      .poll(() => legOf()?.state, PATIENCE)
      .toBe(destination.kind === 'noAnswer' ? 'dialing' : 'answered');
    await expect.poll(async () => (await recordOf()).transfer?.legCallID, PATIENCE).toBeDefined();
    carrier.control.callerHangsUp(caller.id);
    await expect.poll(() => legOf()?.state, PATIENCE).toBe('ended');
    expect(await booksOf('ended')).toMatchObject({ reason: 'CallerHungUp' });
    expect(await pod.redis.zcard(storeKeys.leases(TENANT))).toBe(0);
    expect(await pod.redis.zcard(storeKeys.dialling(TENANT))).toBe(0);
  });

  test('leaves no leg of which nobody had told by then', async () => {
    const late = { kind: 'delay', delayMs: 1_000 } as const;
    carrier.control.faults.add({ at: 'webhook *', call: ANNA, fault: late, count: 100 });
    carrier.control.faults.add({ at: 'POST /v2/calls', fault: { kind: 'loseReply' }, count: 3 });
    await ask({ kind: 'noAnswer' });
    await expect.poll(() => legOf()?.state, PATIENCE).toBe('dialing');
    carrier.control.callerHangsUp(caller.id);
    await expect.poll(stateOf, PATIENCE).toBe('settled');
    await expect.poll(() => legOf()?.state, PATIENCE).toBe('ended');
  });
});

describe('a caller whose stream breaks while a person is asked', () => {
  test.each<[string, Destination, number]>([
    ['rings', { ...TAKES, afterMs: 2_000 }, 0],
    ['is told of them', { ...TAKES, pressesAfterMs: 2_000 }, 1],
  ])('waits on with the next one where that person %s', async (_, destination, spoken) => {
    await ask(destination);
    await expect.poll(async () => (await recordOf()).transfer?.legCallID, PATIENCE).toBeDefined();
    await expect.poll(() => legOf()?.spoken.length, PATIENCE).toBe(spoken);
    carrier.control.faults.add({ at: 'stream', call: caller.id, fault: { kind: 'breakSocket' } });
    await expect.poll(() => pod.opened.length, PATIENCE).toBe(2);
    expect(pod.opened[1]?.asking).toBe('anna');
    await expect.poll(stateAtCarrier, PATIENCE).toBe('bridged');
    await expect.poll(stateOf, PATIENCE).toBe('handed-over');
    expect([legs().length, actionsOf(legOf())]).toEqual([1, ['dial', 'gather_using_speak']]);
  });
});

test('nobody is asked in a country that is not called, or once the minutes of the day are used up', async () => {
  carrier.control.setDestination(ANNA, TAKES);
  const limits = { ...profile.limits, transferCountries: ['GB'] };
  await pod.project({ ...withAnna, limits });
  caller = carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect.poll(() => pod.opened.length, PATIENCE).toBe(1);
  expect(await pod.opened[0]?.events.transfer({ target: 'anna', summary: SUMMARY })).toBe(false);
  expect([await stateOf(), legs()]).toEqual(['talking', []]);
});
