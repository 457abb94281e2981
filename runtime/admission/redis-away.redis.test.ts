import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { REBUILT_REVISION } from '#crds/ledger/ledger-event.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { startTestRedis, type TestRedis, type TestReplica } from '#hack/testing/redis.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { profile, TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';
import { MAX_TREATED } from './refusal.ts';

const PATIENCE = { timeout: 10_000 };

let server: TestRedis;
let pod: TestRuntime;
let replica: TestReplica;

beforeEach(async () => {
  server = await startTestRedis();
  pod = await TestRuntime.start(server.url);
  // Something was read of the tenant, as on any pod that has been up for a while.
  await pod.deliver(webhookOf('call.initiated', 'v3:before'));
  await pod.recorder.next('v3:before', 'answer');
  await pod.deliver(webhookOf('call.hangup', 'v3:before'));
  await pod.runtime.driver.idle();
});

afterEach(async () => {
  await pod.stop();
  await server.stop();
});

/** Redis goes, and an empty one comes only with `redisComesBack`. */
async function redisGoes(): Promise<void> {
  replica = await server.replicate();
  await replica.cutOff();
  await server.stop();
  await expect.poll(() => pod.redis.status, PATIENCE).not.toBe('ready');
}

const redisComesBack = async (): Promise<void> => {
  await replica.failOver();
  await expect.poll(() => pod.redis.status, PATIENCE).toBe('ready');
};

test('a call that comes then is answered, talked to and hung up, and is in the books when Redis is back', async () => {
  await redisGoes();
  const start = await pod.answer('v3:away', Date.now() - 61_000);
  expect(await pod.openMedia(start)).toBeInstanceOf(WebSocket);
  await expect.poll(() => pod.opened.length).toBe(1);
  pod.opened[0]?.events.finished('WorkflowCompleted', true);
  await pod.recorder.next('v3:away', 'hangup');
  expect(await pod.deliver(webhookOf('call.hangup', 'v3:away'))).toBe(200);
  await redisComesBack();
  await expect.poll(() => pod.ledgerKinds(), PATIENCE).toContain('usage');
  const ledger = (await pod.ledger()).filter(({ callID }) => callID === callIDOf('v3:away'));
  expect(ledger.map(({ kind }) => kind)).toEqual(['started', 'answered', 'ended', 'usage']);
  expect(ledger[0]).toMatchObject({ unchecked: true, revision: REBUILT_REVISION });
  expect(ledger.at(-1)).toMatchObject({ revision: REBUILT_REVISION });
  const month = new Date(Date.now() - 61_000).toISOString().slice(0, 7);
  expect(await pod.redis.hget(storeKeys.counters(TENANT, month), 'calls')).toBe('1');
});

test('one that is still talked to when Redis is back goes on as if it had begun there', async () => {
  await redisGoes();
  expect(await pod.openMedia(await pod.answer('v3:away'))).toBeInstanceOf(WebSocket);
  await redisComesBack();
  const ref = { tenantID: TENANT, callID: callIDOf('v3:away') };
  await expect
    .poll(async () => JSON.parse((await pod.redis.hget(storeKeys.call(ref), 'record')) ?? '{}'), PATIENCE)
    .toMatchObject({ state: 'talking', pod: 'pod-a' });
  expect(await pod.redis.zcard(storeKeys.leases(TENANT))).toBe(1);
  expect(
    await pod.redis.zscore(
      storeKeys.due(shardOf(TENANT), 'veralux-system/shared'),
      `${TENANT}/${ref.callID}`,
    ),
  ).not.toBeNull();
  await pod.deliver(webhookOf('call.hangup', 'v3:away'));
  await expect.poll(() => pod.ledgerKinds(), PATIENCE).toContain('usage');
  expect(await pod.redis.zcard(storeKeys.leases(TENANT))).toBe(0);
});

test('a hang-up that another pod could only note ends the call that began without Redis', async () => {
  await redisGoes();
  await pod.answer('v3:away', Date.now() - 5_000);
  await replica.failOver();
  const other = await TestRuntime.start(server.url, { POD_NAME: 'pod-b' });
  await other.deliver(webhookOf('call.hangup', 'v3:away'));
  await expect.poll(() => pod.ledgerKinds(), PATIENCE).toContain('usage');
  await other.stop();
});

test('a call that was answered before is attached and hung up then, and is in the books once', async () => {
  const answeredAtMs = Date.now() - 30_000;
  const start = await pod.answer('v3:answered', answeredAtMs);
  await redisGoes();
  expect(await pod.openMedia(start)).toBeInstanceOf(WebSocket);
  const hangUp = {
    client_state: start.body['client_state'],
    end_time: new Date(answeredAtMs + 30_000).toISOString(),
  };
  expect(await pod.deliver(webhookOf('call.hangup', 'v3:answered', hangUp))).toBe(200);
  await redisComesBack();
  await expect.poll(() => pod.ledgerKinds(), PATIENCE).toContain('usage');
  const ledger = (await pod.ledger()).filter(({ callID }) => callID === callIDOf('v3:answered'));
  expect(ledger.map(({ kind }) => kind)).toEqual(['started', 'answered', 'ended', 'usage']);
  expect(ledger.at(-1)).toMatchObject({ callSeconds: 30 });
  expect(await pod.redis.zcard(storeKeys.leases(TENANT))).toBe(0);
});

test('the slot that a call had before Redis went is given back, though it was over by the time Redis is back', async () => {
  const start = await pod.answer('v3:answered');
  await redisGoes();
  const hangUp = { client_state: start.body['client_state'] };
  expect(await pod.deliver(webhookOf('call.hangup', 'v3:answered', hangUp))).toBe(200);
  await pod.runtime.driver.idle();
  await redisComesBack();
  // The pod looks at its slots every five seconds, and gives back what was idle at two looks.
  const afterLooks = { timeout: 25_000 };
  await expect.poll(() => pod.redis.zcard('slots:{veralux-system/shared}:pod-a'), afterLooks).toBe(0);
}, 45_000);

test('it is held to what the pod last knew: suspension, calls at once, its own slots', async () => {
  await pod.project({ ...profile, limits: { ...profile.limits, concurrentCalls: 2 } });
  await pod.deliver(webhookOf('call.initiated', 'v3:seen'));
  await pod.deliver(webhookOf('call.hangup', 'v3:seen'));
  await pod.runtime.driver.idle();
  await redisGoes();
  await Promise.all(['v3:1', 'v3:2', 'v3:3'].map((call) => pod.deliver(webhookOf('call.initiated', call))));
  await expect.poll(() => pod.recorder.commands.filter(({ step }) => step === 'reject').length).toBe(1);
  expect(pod.recorder.commands.filter(({ step }) => step === 'answer')).toHaveLength(4);
});

test('it is held to the slots of this pod', async () => {
  await redisGoes();
  const calls = ['v3:1', 'v3:2', 'v3:3', 'v3:4', 'v3:5'];
  await Promise.all(calls.map((call) => pod.deliver(webhookOf('call.initiated', call))));
  await expect.poll(() => pod.recorder.commands.filter(({ step }) => step === 'reject').length).toBe(2);
  // Three slots, and the call of before.
  expect(pod.recorder.commands.filter(({ step }) => step === 'answer')).toHaveLength(4);
});

test('it hears the message of the tenant where this pod has no slot left, as long as not too many do', async () => {
  await pod.project({ ...profile, busy: { treatment: 'Message', message: 'All lines are busy.' } });
  await pod.deliver(webhookOf('call.initiated', 'v3:seen'));
  await pod.deliver(webhookOf('call.hangup', 'v3:seen'));
  await pod.runtime.driver.idle();
  await redisGoes();
  for (const call of ['v3:1', 'v3:2', 'v3:3']) await pod.deliver(webhookOf('call.initiated', call));
  await pod.deliver(webhookOf('call.initiated', 'v3:busy'));
  await pod.recorder.next('v3:busy', 'answer');
  await pod.deliver(webhookOf('call.answered', 'v3:busy'));
  await pod.recorder.next('v3:busy', 'speak');
  for (let index = 1; index < MAX_TREATED; index += 1) {
    await pod.deliver(webhookOf('call.initiated', `v3:busy-${index}`));
    await pod.recorder.next(`v3:busy-${index}`, 'answer');
  }
  await pod.deliver(webhookOf('call.initiated', 'v3:one-too-many'));
  await pod.recorder.next('v3:one-too-many', 'reject');
});

test('a number that this pod never read of is delivered again', async () => {
  await redisGoes();
  expect(await pod.deliver(webhookOf('call.initiated', 'v3:new', { to: '+15550100077' }))).toBe(503);
});
