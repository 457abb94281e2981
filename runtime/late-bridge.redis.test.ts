import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { NUMBER, profile, TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';

const SALES = '+15550100777';
const CALL = 'v3:late-bridge';
const LEG = 'v3:leg';
const PATIENCE = { timeout: 15_000 };

let server: TestRedis;
let pod: TestRuntime;

beforeEach(async () => {
  server = await startTestRedis();
  pod = await TestRuntime.start(server.url);
  await pod.project({ ...profile, transferTargets: [{ name: 'sales', number: SALES }] });
});

afterEach(async () => {
  await pod.stop();
  await server.stop();
});

async function stateOf(): Promise<unknown> {
  const ref = { tenantID: TENANT, callID: callIDOf(CALL) };
  return JSON.parse((await pod.redis.hget(storeKeys.call(ref), 'record')) ?? '{}').state;
}

const stops = () => pod.recorder.of(CALL).filter(({ step }) => step === 'streaming_stop').length;
const starts = () => pod.recorder.of(CALL).filter(({ step }) => step === 'streaming_start').length;

/** The agent transfers the caller; resolves to what the webhooks of the new leg say. */
async function transferToSales(): Promise<object> {
  await pod.openMedia(await pod.answer(CALL));
  expect(await pod.opened[0]?.events.transfer({ target: 'sales' })).toBe(true);
  const { body } = await pod.recorder.next(CALL, 'transfer');
  return {
    client_state: body['target_leg_client_state'],
    direction: 'outgoing',
    to: SALES,
    from: NUMBER,
  };
}

/** The agent transfers the caller, and gives the transfer up: as a loop, the leg of which may ring on. */
async function callerComesBack(): Promise<{ socket: WebSocket; leg: object }> {
  const leg = await transferToSales();
  await pod.deliver(webhookOf('call.initiated', LEG, leg));
  await pod.deliver(webhookOf('call.initiated', 'v3:loop', { from: SALES }));
  await expect.poll(starts, PATIENCE).toBe(2);
  const start = pod.recorder.of(CALL).findLast(({ step }) => step === 'streaming_start');
  const socket = start && (await pod.openMedia(start));
  if (!(socket instanceof WebSocket)) throw new Error('no socket');
  return { socket, leg };
}

test('an agent that has the caller back is quiet once it is told that a person has', async () => {
  const { socket, leg } = await callerComesBack();
  expect([await stateOf(), pod.runtime.pod.calls]).toEqual(['talking', 1]);
  const before = stops();
  await pod.deliver(webhookOf('call.bridged', LEG, leg));
  await expect.poll(() => socket.readyState, PATIENCE).toBe(WebSocket.CLOSED);
  await expect.poll(() => pod.runtime.pod.calls, PATIENCE).toBe(0);
  // The carrier may not stop it by itself, and the session may be another pod's.
  await expect.poll(stops, PATIENCE).toBe(before + 1);
  expect(await pod.redis.zcard('slots:{veralux-system/shared}:pod-a')).toBe(0);
});

test('a leg of which nothing was heard while it could ring is nobody to be hung up on', async () => {
  const leg = await transferToSales();
  await pod.deliver(webhookOf('call.initiated', 'v3:loop', { from: SALES }));
  await expect.poll(starts, PATIENCE).toBe(2);
  await pod.deliver(webhookOf('call.initiated', LEG, leg, Date.now() - 31_000));
  expect(pod.recorder.of(LEG)).toEqual([]);
  await pod.deliver(webhookOf('call.initiated', LEG, leg));
  await pod.recorder.next(LEG, 'hangup');
});
