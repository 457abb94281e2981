import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { podKeys } from '#crds/projection/keys.ts';
import { HEARTBEAT_STALE_MS } from '#crds/projection/pod-heartbeat.ts';
import { shardOf } from '#crds/projection/shard.ts';
import type { CallRecord as CarrierCall } from '#hack/standins/telnyx/calls/call-record.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { ANSWER_CONFIRM_MS } from '#runtime/call/deadlines.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { type CarrierSite, startCarrierSite } from '#runtime/testing/carrier-site.ts';
import { CALLER, NUMBER, TENANT, type TestRuntime } from '#runtime/testing/test-runtime.ts';

const RUNTIME = 'veralux-system/shared';
const PATIENCE = { timeout: 20_000 };

let site: CarrierSite;
let a: TestRuntime;
let b: TestRuntime;

beforeEach(async () => {
  site = await startCarrierSite();
  a = site.pod;
  b = await site.another();
  // Both have read of the number, as any pod that has been up for a while.
  for (const pod of [a, b]) {
    site.webhooks.urlOf = () => pod.webhookURL;
    const seen = place();
    await expect.poll(() => pod.opened.length + other(pod).opened.length, PATIENCE).toBeGreaterThan(0);
    site.carrier.control.callerHangsUp(seen.id);
    await expect.poll(() => a.runtime.pod.calls + b.runtime.pod.calls, PATIENCE).toBe(0);
    for (const each of [a, b]) each.opened.length = 0;
  }
});

afterEach(() => site.stop());

const place = (): CarrierCall => site.carrier.control.placeCall({ from: CALLER, to: NUMBER });
const nameOf = (pod: TestRuntime) => (pod === a ? 'pod-a' : 'pod-b');
const other = (pod: TestRuntime) => (pod === a ? b : a);

async function redisGoesFor(...pods: readonly TestRuntime[]): Promise<void> {
  for (const pod of pods) site.linkOf(pod).cut('Refused');
  for (const pod of pods) await expect.poll(() => pod.redis.status, PATIENCE).not.toBe('ready');
  // Until then the others still give calls to these pods.
  const left = [a, b].filter((pod) => !pods.includes(pod));
  for (const pod of left) {
    const beatAtMs = async () =>
      Number(await pod.redis.zscore(podKeys.runtimePods(RUNTIME), nameOf(other(pod))));
    await expect
      .poll(async () => Date.now() - (await beatAtMs()), PATIENCE)
      .toBeGreaterThan(HEARTBEAT_STALE_MS);
  }
}

async function redisComesBackFor(...pods: readonly TestRuntime[]): Promise<void> {
  for (const pod of pods) site.linkOf(pod).mend();
  for (const pod of pods) await expect.poll(() => pod.redis.status, PATIENCE).toBe('ready');
}

/** A call whose beginning is told to one pod, and all else to another. */
async function callThrough(first: TestRuntime, then: TestRuntime): Promise<CarrierCall> {
  site.webhooks.urlOf = (event) => (event === 'call.initiated' ? first : then).webhookURL;
  const call = place();
  await expect.poll(() => a.opened.length + b.opened.length, PATIENCE).toBe(1);
  return call;
}

/** All that the pods may yet find out by waiting: the time for `call.answered`, and a look at the deadlines. */
async function afterAllDeadlines(): Promise<void> {
  const untilMs = Date.now() + ANSWER_CONFIRM_MS + 4_000;
  await expect.poll(() => Date.now(), PATIENCE).toBeGreaterThan(untilMs);
}

function expectOneStream({ id }: CarrierCall): void {
  const { state, streams, spoken } = site.carrier.control.ledgerOf(id);
  expect({ state, streams: streams.length, spoken }).toEqual({ state: 'answered', streams: 1, spoken: [] });
  expect(a.opened.length + b.opened.length).toBe(1);
}

async function expectWholeWhenRedisIsBack(call: CarrierCall): Promise<void> {
  await redisComesBackFor(a, b);
  const ref = { tenantID: TENANT, callID: callIDOf(call.callControlID) };
  const record = async () => JSON.parse((await a.redis.hget(storeKeys.call(ref), 'record')) ?? '{}');
  await expect.poll(record, PATIENCE).toMatchObject({ state: 'talking' });
  expect(await record()).not.toHaveProperty('alone');
  const due = await a.redis.zrange(storeKeys.due(shardOf(TENANT), RUNTIME), '0', '-1');
  expect(due).toContain(`${TENANT}/${ref.callID}`);
  expectOneStream(call);
  site.carrier.control.callerHangsUp(call.id);
  const kinds = async () =>
    (await a.ledger()).filter(({ callID }) => callID === ref.callID).map(({ kind }) => kind);
  await expect
    .poll(async () => (await kinds()).sort(), PATIENCE)
    .toEqual(['answered', 'ended', 'started', 'usage']);
  await expect.poll(() => a.redis.zcard(storeKeys.leases(TENANT)), PATIENCE).toBe(0);
}

test('is left to the pod that knows its tenant, where its answer is told to one that never read of it', async () => {
  const c = await site.another({ POD_NAME: 'pod-c' });
  await redisGoesFor(a, b, c);
  const told = [c, a];
  site.webhooks.urlOf = (event) => (event === 'call.answered' ? (told.shift() ?? a) : a).webhookURL;
  const call = place();
  await expect.poll(() => a.opened.length, PATIENCE).toBe(1);
  await afterAllDeadlines();
  expectOneStream(call);
}, 60_000);

describe.each(['Refuse', 'Replace'] as const)('a carrier that would %s a second stream', (secondStream) => {
  beforeEach(() => site.carrier.control.change({ secondStream }));

  test.each<[string, () => TestRuntime[], () => [TestRuntime, TestRuntime]]>([
    ['for all', () => [a, b], () => [a, b]],
    ['for the pod that answered', () => [a], () => [a, b]],
    ['for the pod that heard of the answer', () => [a], () => [b, a]],
  ])(
    'has one, where Redis is away %s',
    async (_name, cut, through) => {
      await redisGoesFor(...cut());
      const call = await callThrough(...through());
      await afterAllDeadlines();
      expectOneStream(call);
      await expectWholeWhenRedisIsBack(call);
    },
    60_000,
  );

  test.each([
    ['first told of', () => a],
    ['answered', () => b],
  ])(
    'has one, where Redis is back first for the pod that was %s',
    async (_name, first) => {
      await redisGoesFor(a, b);
      const call = await callThrough(a, b);
      await afterAllDeadlines();
      await redisComesBackFor(first());
      await expect
        .poll(() => first().logged.some((line) => line.includes('a call was brought to Redis')), PATIENCE)
        .toBe(true);
      await expectWholeWhenRedisIsBack(call);
    },
    60_000,
  );

  test('has one where a webhook that comes again, while Redis is away, reaches another pod', async () => {
    site.webhooks.urlOf = () => a.webhookURL;
    const call = place();
    await expect.poll(() => a.opened.length + b.opened.length, PATIENCE).toBe(1);
    const [holder, stranger] = a.opened.length === 1 ? [a, b] : [b, a];
    await redisGoesFor(a, b);
    site.webhooks.urlOf = () => stranger.webhookURL;
    expect(holder.runtime.pod.calls).toBe(1);
    expect(await site.webhooks.repeat('call.answered')).toBe(200);
    await afterAllDeadlines();
    expectOneStream(call);
    await expectWholeWhenRedisIsBack(call);
  }, 60_000);
});
