import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { shardOf } from '#crds/projection/shard.ts';
import type { CallRecord } from '#hack/standins/telnyx/calls/call-record.ts';
import type { Destination } from '#hack/standins/telnyx/calls/destinations.ts';
import type { TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import type { CallRecord as StoredRecord } from '#runtime/call/call-record.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { type CarrierSite, startCarrierSite } from '#runtime/testing/carrier-site.ts';
import { CALLER, NUMBER, profile, TENANT, type TestRuntime } from '#runtime/testing/test-runtime.ts';

const SALES = '+15550100777';
const PATIENCE = { timeout: 15_000 };
const withSales = { ...profile, transferTargets: [{ name: 'sales', number: SALES }] };

let site: CarrierSite;
let carrier: TelnyxStandIn;
let pod: TestRuntime;
let caller: CallRecord;

beforeEach(async () => {
  site = await startCarrierSite();
  ({ carrier, pod } = site);
  await pod.project(withSales);
});

afterEach(() => site.stop());

/** A call that is talked to, whose agent hands it to the sales people, who do this. */
async function transfer(destination: Destination): Promise<void> {
  carrier.control.setDestination(SALES, destination);
  await talk();
  expect(await pod.opened[0]?.events.transfer({ target: 'sales' })).toBe(true);
}

/** The same, of which a kind of webhook, or none at all, comes. */
async function untoldTransfer(webhook: string, destination: Destination): Promise<void> {
  carrier.control.setDestination(SALES, destination);
  await talk();
  carrier.control.faults.add({ at: `webhook ${webhook}`, fault: { kind: 'drop' }, count: 100 });
  expect(await pod.opened[0]?.events.transfer({ target: 'sales' })).toBe(true);
  if (webhook === '*') return;
  await expect.poll(async () => (await recordOf()).transfer?.legCallID, PATIENCE).toBeDefined();
}

async function talk(): Promise<void> {
  caller = carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect.poll(() => pod.opened.length, PATIENCE).toBe(1);
}

const refOf = () => ({ tenantID: TENANT, callID: callIDOf(caller.callControlID) });

async function recordOf(): Promise<StoredRecord> {
  return JSON.parse((await pod.redis.hget(storeKeys.call(refOf()), 'record')) ?? '{}') as StoredRecord;
}

const stateOf = async (): Promise<string> => (await recordOf()).state;
const today = (): string => new Date().toISOString().slice(0, 10);
const stateAtCarrier = (): string => carrier.control.call(caller.id).state;
const legOf = (): CallRecord | undefined =>
  carrier.control.calls().findLast(({ direction }) => direction === 'outgoing');
const slotsOf = (): Promise<number> => pod.redis.zcard('slots:{veralux-system/shared}:pod-a');

/** Lets the deadline of the call's state have passed, some time after its transfer began: nobody rings any more. */
async function letBeOverdue(transferAgeMs = 60_000): Promise<void> {
  const before = await recordOf();
  const transfer = before.transfer && { ...before.transfer, startedAtMs: Date.now() - transferAgeMs };
  const record = { ...before, transfer, deadlineAtMs: Date.now() - 1 };
  await pod.redis.hset(storeKeys.call(refOf()), 'record', JSON.stringify(record));
  await pod.redis.zadd(
    storeKeys.due(shardOf(TENANT), 'veralux-system/shared'),
    0,
    `${TENANT}/${refOf().callID}`,
  );
}

async function booksOf(kind: 'ended' | 'usage') {
  await expect.poll(() => pod.ledgerKinds(), PATIENCE).toContain(kind);
  return (await pod.ledger()).findLast((event) => event.kind === kind && event.callID === refOf().callID);
}

describe('a target in a country that is not called', () => {
  test.each([
    ['another than that of the number that was called', '+442079460000', undefined],
    ['none of those that the tenant allows', SALES, ['GB']],
  ])('is not dialled: %s', async (_, number, transferCountries) => {
    const limits = { ...profile.limits, transferCountries };
    await pod.project({ ...withSales, limits, transferTargets: [{ name: 'sales', number }] });
    await talk();
    expect(await pod.opened[0]?.events.transfer({ target: 'sales' })).toBe(false);
    expect([await stateOf(), legOf()]).toEqual(['talking', undefined]);
  });

  test('is dialled where the tenant allows it', async () => {
    const number = '+442079460000';
    const limits = { ...profile.limits, transferCountries: ['GB'] };
    await pod.project({ ...withSales, limits, transferTargets: [{ name: 'sales', number }] });
    carrier.control.setDestination(number, { kind: 'answers', afterMs: 50 });
    await talk();
    expect(await pod.opened[0]?.events.transfer({ target: 'sales' })).toBe(true);
    await expect.poll(stateOf, PATIENCE).toBe('handed-over');
  });
});

describe('a caller who is handed to a person', () => {
  test('is with that person, without a slot, and counted to the bridge alone', async () => {
    await transfer({ kind: 'answers', afterMs: 50 });
    await expect.poll(stateOf, PATIENCE).toBe('handed-over');
    await expect.poll(slotsOf, PATIENCE).toBe(0);
    expect(await pod.redis.zcard(storeKeys.leases(TENANT))).toBe(1);
    expect(await pod.redis.zcard(storeKeys.dialling(TENANT))).toBe(0);
    expect(pod.runtime.pod.calls).toBe(0);
    expect([stateAtCarrier(), legOf()?.from]).toEqual(['bridged', NUMBER]);
    const { bridgedAtMs = 0, answeredAtMs = 0 } = await recordOf();

    carrier.control.callerHangsUp(caller.id);
    expect(await booksOf('ended')).toMatchObject({ reason: 'Transferred' });
    expect(await booksOf('usage')).toMatchObject({
      calls: 1,
      callSeconds: Math.ceil((bridgedAtMs - answeredAtMs) / 1_000),
    });
    expect(await pod.redis.zcard(storeKeys.leases(TENANT))).toBe(0);
    expect(await pod.redis.hgetall(storeKeys.transferHolds(TENANT))).toEqual({});
    const { hungUpAtMs = 0 } = await recordOf();
    expect(await pod.redis.get(storeKeys.transferSeconds(TENANT, today()))).toBe(
      String(Math.ceil((hungUpAtMs - bridgedAtMs) / 1_000)),
    );
    expect((await pod.ledgerKinds()).filter((kind) => kind === 'started')).toHaveLength(1);
  });

  test('ends the call as usual when the person hangs up', async () => {
    await transfer({ kind: 'answers', afterMs: 20, talksMs: 200 });
    expect(await booksOf('ended')).toMatchObject({ reason: 'Transferred' });
    expect(stateAtCarrier()).toBe('ended');
    expect(pod.opened).toHaveLength(1);
  });

  test("is asked after where the carrier's last words are lost", async () => {
    await transfer({ kind: 'answers', afterMs: 20 });
    await expect.poll(stateOf, PATIENCE).toBe('handed-over');
    carrier.control.faults.add({ at: 'webhook call.hangup', fault: { kind: 'drop' }, count: 10 });
    await letBeOverdue();
    await expect
      .poll(async () => (await recordOf()).command, PATIENCE)
      .toMatchObject({ step: 'look_up', done: true });
    carrier.control.callerHangsUp(caller.id);
    await letBeOverdue();
    expect(await booksOf('usage')).toMatchObject({ calls: 1 });
  });

  test('every webhook sixfold and shuffled gives the same books', async () => {
    carrier.control.faults.add({
      at: 'webhook *',
      fault: { kind: 'duplicate', times: 6, jitterMs: 400 },
      count: 1_000,
    });
    await transfer({ kind: 'answers', afterMs: 20, talksMs: 20 });
    await expect.poll(() => carrier.control.call(caller.id).state, PATIENCE).toBe('ended');
    await expect
      .poll(async () => (await booksOf('ended')) as object, PATIENCE)
      .toMatchObject({ reason: 'Transferred' });
    const counters = await pod.redis.hgetall(
      storeKeys.counters(TENANT, new Date().toISOString().slice(0, 7)),
    );
    expect(counters['calls']).toBe('1');
    expect(carrier.control.calls()).toHaveLength(2);
  });
});

describe('a caller whom the person does not take', () => {
  test.each([
    ['busy', { kind: 'busy' }, 'Busy'],
    ['declining', { kind: 'rejects' }, 'Declined'],
    ['not to be found', { kind: 'notFound' }, 'NotFound'],
  ] as const)(
    "because they are %s is the agent's again, with the conversation so far",
    async (_what, kind, failure) => {
      pod.conversation = { ...pod.conversation, phase: 'Collecting', nextTurn: 4 };
      await transfer(kind);
      await expect.poll(() => pod.opened.length, PATIENCE).toBe(2);
      expect(pod.opened[1]).toMatchObject({ transferFailure: failure, conversation: { nextTurn: 4 } });
      expect(await pod.redis.hgetall(storeKeys.transferHolds(TENANT))).toEqual({});
      expect([await stateOf(), stateAtCarrier()]).toEqual(['talking', 'answered']);
      carrier.control.callerHangsUp(caller.id);
      expect(await booksOf('ended')).toMatchObject({ reason: 'CallerHungUp' });
    },
  );

  test.each(['call.hangup', '*'])(
    "and of whose leg %s is not told, is the agent's again once the carrier was asked",
    async (webhook) => {
      await untoldTransfer(webhook, { kind: 'busy' });
      await expect.poll(() => legOf()?.state, PATIENCE).toBe('ended');
      await letBeOverdue();
      await expect.poll(() => pod.opened.length, PATIENCE).toBe(2);
      expect(pod.opened[1]).toMatchObject({ transferFailure: 'NoAnswer' });
      expect([await stateOf(), stateAtCarrier()]).toEqual(['talking', 'answered']);
    },
  );

  test('whose leg is heard of only when the transfer was given up, is not called any more', async () => {
    carrier.control.faults.add({
      at: 'webhook call.initiated',
      call: SALES,
      fault: { kind: 'delay', delayMs: 1_500 },
    });
    await transfer({ kind: 'noAnswer' });
    await expect.poll(async () => (await recordOf()).command?.done, PATIENCE).toBe(true);
    carrier.control.placeCall({ from: SALES, to: NUMBER });
    await expect.poll(() => pod.opened.length, PATIENCE).toBe(2);
    await expect.poll(() => legOf()?.state, PATIENCE).toBe('ended');
    expect(stateAtCarrier()).toBe('answered');
  });

  test('hangs up while it rings, and nobody is called any more', async () => {
    await transfer({ kind: 'noAnswer' });
    await expect.poll(() => legOf()?.state, PATIENCE).toBe('dialing');
    carrier.control.callerHangsUp(caller.id);
    expect(await booksOf('ended')).toMatchObject({ reason: 'CallerHungUp' });
    expect(legOf()?.state).toBe('ended');
    expect(await pod.redis.zcard(storeKeys.dialling(TENANT))).toBe(0);
  });
});

describe('two people of whose bridge the carrier tells late', () => {
  test.each(['call.bridged', '*'])(
    'talk on when the time of ringing is over, with %s of both legs lost',
    async (webhook) => {
      await untoldTransfer(webhook, { kind: 'answers', afterMs: 20 });
      await expect.poll(stateAtCarrier, PATIENCE).toBe('bridged');
      await letBeOverdue();
      await expect.poll(stateOf, PATIENCE).toBe('handed-over');
      await expect.poll(slotsOf, PATIENCE).toBe(0);
      expect([stateAtCarrier(), legOf()?.state, pod.opened.length]).toEqual(['bridged', 'bridged', 1]);
      carrier.control.faults.clear();
      carrier.control.callerHangsUp(caller.id);
      expect(await booksOf('ended')).toMatchObject({ reason: 'Transferred' });
    },
  );
});

test.each([
  ['the number that is dialled', SALES],
  ['the number that it sees', NUMBER],
])(
  "a call that comes back from %s is a loop: busy, and the caller is the agent's again",
  async (_what, from) => {
    await transfer({ kind: 'noAnswer' });
    await expect.poll(async () => (await recordOf()).transfer?.legCallID, PATIENCE).toBeDefined();
    const loop = carrier.control.placeCall({ from, to: NUMBER });
    await expect.poll(() => carrier.control.call(loop.id).hangupCause, PATIENCE).toBe('user_busy');
    await expect.poll(() => pod.opened.length, PATIENCE).toBe(2);
    expect(pod.opened[1]).toMatchObject({ transferFailure: 'Loop' });
    expect([legOf()?.state, stateAtCarrier()]).toEqual(['ended', 'answered']);
  },
);

test('a name that is not in the profile, or a tenant whose minutes of the day are used up, reaches nobody: the agent goes on', async () => {
  await talk();
  expect(await pod.opened[0]?.events.transfer({ target: 'support' })).toBe(false);
  carrier.control.callerHangsUp(caller.id);
  await expect.poll(() => pod.runtime.pod.calls, PATIENCE).toBe(0);
  await pod.project({ ...withSales, limits: { ...profile.limits, transferMinutesPerDay: 30 } });
  await pod.redis.set(storeKeys.transferSeconds(TENANT, today()), String(30 * 60 - 10));
  caller = carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect.poll(() => pod.opened.length, PATIENCE).toBe(2);
  expect(await pod.opened[1]?.events.transfer({ target: 'sales' })).toBe(false);
  expect([await stateOf(), pod.runtime.pod.calls]).toEqual(['talking', 1]);
  expect(legOf()).toBeUndefined();
});

describe('a pod that is gone in the middle of a transfer', () => {
  test('before it told the carrier: another one does, once', async () => {
    carrier.control.faults.add({
      at: 'POST /v2/calls/*/actions/transfer',
      fault: { kind: 'drop' },
      count: 3,
    });
    await transfer({ kind: 'answers', afterMs: 20 });
    await expect
      .poll(() => carrier.control.faults.list().filter(({ at }) => at.endsWith('transfer')).length, PATIENCE)
      .toBe(0);
    await pod.runtime.driver.stop();
    const other = await site.another();
    await letBeOverdue(10_000);
    await expect.poll(stateOf, PATIENCE).toBe('handed-over');
    expect(carrier.control.calls().filter(({ direction }) => direction === 'outgoing')).toHaveLength(1);
    expect(other.opened).toHaveLength(0);
  });

  test("while it rings: the caller whom nobody takes is the agent's on another pod", async () => {
    await untoldTransfer('call.hangup', { kind: 'busy' });
    await expect.poll(() => legOf()?.state, PATIENCE).toBe('ended');
    const other = await site.another();
    await pod.redis.del('pod:{veralux-system/shared}:pod-a');
    await pod.runtime.pod.stop();
    await letBeOverdue();
    await expect.poll(() => other.opened.length, PATIENCE).toBe(1);
    expect(other.opened[0]).toMatchObject({ transferFailure: 'NoAnswer' });
    expect(stateAtCarrier()).toBe('answered');
  });
});
