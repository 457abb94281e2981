import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { REBUILT_REVISION } from '#crds/ledger/ledger-event.ts';
import { shardOf } from '#crds/projection/shard.ts';
import type { CallRecord as CarrierCall } from '#hack/standins/telnyx/calls/call-record.ts';
import type { TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { flushAll } from '#hack/testing/redis-topology.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { type CarrierSite, startCarrierSite } from '#runtime/testing/carrier-site.ts';
import { CALLER, NUMBER, profile, TENANT, type TestRuntime } from '#runtime/testing/test-runtime.ts';

const PATIENCE = { timeout: 20_000 };
const SALES = '+15550100777';

let site: CarrierSite;
let carrier: TelnyxStandIn;
let pod: TestRuntime;
let caller: CarrierCall;

beforeEach(async () => {
  site = await startCarrierSite();
  ({ carrier, pod } = site);
});

afterEach(() => site.stop());

async function talk(): Promise<void> {
  caller = carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect.poll(() => pod.opened.length, PATIENCE).toBe(1);
}

const refOf = () => ({ tenantID: TENANT, callID: callIDOf(caller.callControlID) });
const atCarrier = () => carrier.control.call(caller.id);
const dueKey = () => storeKeys.due(shardOf(TENANT), 'veralux-system/shared');

async function recordOf(): Promise<Record<string, unknown>> {
  return JSON.parse((await pod.redis.hget(storeKeys.call(refOf()), 'record')) ?? '{}');
}

async function change(fields: object): Promise<void> {
  const record = JSON.stringify({ ...(await recordOf()), ...fields });
  await pod.redis.hset(storeKeys.call(refOf()), 'record', record);
}

/** Redis forgets this one call, in a way that no pod notices. */
async function forget(): Promise<void> {
  await pod.redis.del(storeKeys.call(refOf()), storeKeys.seen(refOf()));
  await pod.redis.zrem(dueKey(), `${TENANT}/${refOf().callID}`);
}

async function usageOf() {
  await expect.poll(() => pod.ledgerKinds(), PATIENCE).toContain('usage');
  return (await pod.ledger()).findLast((event) => event.kind === 'usage');
}

function carrierSeconds(): number {
  const { answeredAt = '', endedAt = '' } = atCarrier();
  return Math.ceil((Date.parse(endedAt) - Date.parse(answeredAt)) / 1_000);
}

describe('a call that is open at the carrier', () => {
  test('and that no record knows is taken up again, and settled once', async () => {
    await talk();
    await forget();
    await pod.runtime.stuck.sweep();
    await expect.poll(() => pod.opened.length, PATIENCE).toBe(2);
    expect(await recordOf()).toMatchObject({ state: 'talking', rebuilt: true });
    expect(atCarrier().state).toBe('answered');
    carrier.control.callerHangsUp(caller.id);
    expect(await usageOf()).toMatchObject({
      calls: 1,
      callSeconds: carrierSeconds(),
      revision: REBUILT_REVISION,
    });
  });

  test('and was settled long ago is hung up', async () => {
    await talk();
    await change({ state: 'settled', endingAtMs: Date.now() - 60_000 });
    await pod.runtime.stuck.sweep();
    await expect.poll(() => atCarrier().state, PATIENCE).toBe('ended');
  });

  test('and was settled a moment ago is given the time to end', async () => {
    await talk();
    await change({ state: 'settled', endingAtMs: Date.now() });
    await pod.runtime.stuck.sweep();
    expect(atCarrier().commands.map(({ action }) => action)).not.toContain('hangup');
  });

  test('and is recorded as live is left as it is', async () => {
    await talk();
    await pod.runtime.stuck.sweep();
    expect(atCarrier().commands.map(({ action }) => action)).toEqual(['answer', 'streaming_start']);
    expect(await recordOf()).toMatchObject({ state: 'talking' });
  });

  test('and that we told to end, in vain, is hung up again', async () => {
    carrier.control.faults.add({
      at: 'POST /v2/calls/*/actions/hangup',
      fault: { kind: 'status', status: 422 },
    });
    await talk();
    pod.opened[0]?.events.finished('WorkflowCompleted', true);
    await expect.poll(recordOf, PATIENCE).toMatchObject({ state: 'ending' });
    await pod.runtime.driver.idle();
    await change({ deadlineAtMs: Date.now() - 1, attempts: 6 });
    await pod.redis.zadd(dueKey(), 0, `${TENANT}/${refOf().callID}`);
    await expect.poll(() => atCarrier().state, PATIENCE).toBe('ended');
  });
});

describe('a call that is over at the carrier, which could not tell', () => {
  test('and that we wanted to end is settled at its end, once the carrier was asked', async () => {
    carrier.control.faults.add({ at: 'webhook call.hangup', fault: { kind: 'drop' }, count: 100 });
    await talk();
    carrier.control.callerHangsUp(caller.id);
    await expect.poll(recordOf, PATIENCE).toMatchObject({ state: 'ending' });
    await pod.runtime.driver.idle();
    await change({ deadlineAtMs: Date.now() - 1 });
    await pod.redis.zadd(dueKey(), 0, `${TENANT}/${refOf().callID}`);
    expect(await usageOf()).toMatchObject({ callSeconds: carrierSeconds() });
    expect(await recordOf()).toMatchObject({ hungUpAtMs: Date.parse(atCarrier().endedAt ?? '') });
  });

  test('and that is recorded as talked to is settled at its end', { timeout: 90_000 }, async () => {
    carrier.control.faults.add({ at: 'webhook call.hangup', fault: { kind: 'drop' }, count: 100 });
    await talk();
    carrier.control.callerHangsUp(caller.id);
    await expect.poll(recordOf, PATIENCE).toMatchObject({ state: 'ending' });
    await pod.runtime.driver.idle();
    const inAnHour = Date.now() + 3_600_000;
    await change({ state: 'talking', command: undefined, endingAtMs: undefined, deadlineAtMs: inAnHour });
    await pod.redis.zadd(dueKey(), inAnHour, `${TENANT}/${refOf().callID}`);
    // Only once its hang-up cannot be on its way any more.
    const settled = async () => {
      await pod.runtime.stuck.sweep();
      return recordOf();
    };
    const hungUpAtMs = Date.parse(atCarrier().endedAt ?? '');
    await expect
      .poll(settled, { timeout: 60_000, interval: 1_000 })
      .toMatchObject({ state: 'settled', hungUpAtMs });
    expect(await usageOf()).toMatchObject({ calls: 1 });
  });
});

test('a call of which the carrier knows nothing ends, though it is recorded as talked to', {
  timeout: 60_000,
}, async () => {
  carrier.control.faults.add({ at: 'webhook call.hangup', fault: { kind: 'drop' }, count: 100 });
  await talk();
  carrier.control.callerHangsUp(caller.id);
  await expect.poll(recordOf, PATIENCE).toMatchObject({ state: 'ending' });
  await pod.runtime.driver.idle();
  const inAnHour = Date.now() + 3_600_000;
  const talking = { state: 'talking', command: undefined, endingAtMs: undefined, deadlineAtMs: inAnHour };
  await change({ ...talking, carrierCallID: 'v3:forgotten' });
  await pod.redis.zadd(dueKey(), inAnHour, `${TENANT}/${refOf().callID}`);
  await pod.runtime.stuck.sweep();
  const { state, endingAtMs, aliveAtMs } = await recordOf();
  const conversation = (await pod.redis.hget(storeKeys.call(refOf()), 'conversation')) ?? '{}';
  const { keptAtMs = 0 } = JSON.parse(conversation) as { keptAtMs?: number };
  expect([state, endingAtMs]).toEqual(['ending', Math.max(Number(aliveAtMs), keptAtMs)]);
});

describe('a caller who is with a person', () => {
  beforeEach(async () => {
    await pod.project({ ...profile, transferTargets: [{ name: 'sales', number: SALES }] });
    carrier.control.setDestination(SALES, { kind: 'answers', afterMs: 50 });
    await talk();
    await pod.opened[0]?.events.transfer({ target: 'sales' });
    await expect.poll(recordOf, PATIENCE).toMatchObject({ state: 'handed-over' });
  });

  test('stays there when Redis is emptied, and is counted to the bridge alone', async () => {
    const { bridgedAtMs, answeredAtMs } = await recordOf();
    await flushAll(pod.redis);
    await expect.poll(recordOf, PATIENCE).toMatchObject({ state: 'handed-over' });
    await pod.runtime.stuck.sweep();
    expect([atCarrier().state, pod.opened.length]).toEqual(['bridged', 1]);
    carrier.control.callerHangsUp(caller.id);
    const callSeconds = Math.ceil((Number(bridgedAtMs) - Number(answeredAtMs)) / 1_000);
    expect(await usageOf()).toMatchObject({ callSeconds });
  });

  test('is not taken away from that person, even when Redis knows of the call no more', async () => {
    await forget();
    await pod.runtime.stuck.sweep();
    expect([atCarrier().state, pod.opened.length]).toEqual(['bridged', 1]);
  });
});

describe('a person who is asked first', () => {
  const legOf = () =>
    carrier.control.calls().findLast(({ direction, to }) => direction === 'outgoing' && to === SALES);

  beforeEach(async () => {
    await pod.project({ ...profile, transferTargets: [{ name: 'sales', mode: 'Warm', number: SALES }] });
  });

  async function ask(presses: object): Promise<void> {
    carrier.control.setDestination(SALES, { kind: 'answers', afterMs: 50, ...presses });
    await talk();
    const summary = 'A caller for you, of whom there is a long story to be told. Press 1.';
    await pod.opened[0]?.events.transfer({ target: 'sales', summary });
    await expect.poll(() => legOf()?.spoken.length, PATIENCE).toBe(1);
    await pod.runtime.driver.idle();
  }

  /**
   * At a pod that has never heard of the call: the others bring back what they stored of it. It learns by the webhooks of
   * another call, which ends at once, whose calls they are.
   */
  async function sweepThere(): Promise<void> {
    const other = await site.another();
    site.webhooks.urlOf = () => other.webhookURL;
    const { id } = carrier.control.placeCall({ from: SALES, to: NUMBER });
    carrier.control.callerHangsUp(id);
    await expect.poll(() => other.runtime.stuck.sweep(), PATIENCE).toBe(true);
  }

  test('is left with their caller where Redis knows of neither, once they are connected', async () => {
    await ask({ presses: '1', pressesAfterMs: 50 });
    await expect.poll(recordOf, PATIENCE).toMatchObject({ state: 'handed-over' });
    await pod.runtime.driver.idle();
    await forget();
    await sweepThere();
    expect([atCarrier().state, legOf()?.state, pod.opened.length]).toEqual(['bridged', 'bridged', 1]);
  });

  test('is not called any more before that, and their caller is taken up again', async () => {
    await ask({});
    await forget();
    await sweepThere();
    // Long before the time for a key is over.
    expect([atCarrier().state, legOf()?.state]).toEqual(['answered', 'ended']);
    expect(await recordOf()).toMatchObject({ state: 'attaching', rebuilt: true });
  });

  test('is called no more where the call does not know of them', async () => {
    await ask({});
    await change({ state: 'talking', command: undefined, transfer: undefined });
    await sweepThere();
    expect([atCarrier().state, legOf()?.state]).toEqual(['answered', 'ended']);
  });

  test('is asked on while the call is recorded', async () => {
    await ask({});
    await pod.runtime.stuck.sweep();
    expect([await recordOf(), legOf()?.state]).toMatchObject([{ state: 'consulting' }, 'answered']);
  });
});
