import { randomUUID } from 'node:crypto';
import Telnyx from 'telnyx';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '#hack/local/free-port.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { CALLER, NUMBER, TestRuntime } from '#runtime/testing/test-runtime.ts';

let server: TestRedis;
let carrier: TelnyxStandIn;
let pod: TestRuntime;

beforeEach(async () => {
  server = await startTestRedis();
  carrier = await startTelnyxStandIn({ settings: { orderDelayMs: 5 } });
  const port = await freePort();
  pod = await TestRuntime.start(server.url, {
    PORT: String(port),
    MEDIA_URL: `ws://127.0.0.1:${port}`,
    TELNYX_BASE_URL: carrier.url,
    TELNYX_PUBLIC_KEY: carrier.publicKey,
    TELNYX_API_KEY: carrier.apiKey,
  });
  await buyNumber();
});

afterEach(async () => {
  await pod.stop();
  await carrier.stop();
  await server.stop();
});

async function buyNumber(): Promise<void> {
  const telnyx = new Telnyx({ apiKey: carrier.apiKey, baseURL: carrier.url, maxRetries: 0 });
  const application = await telnyx.callControlApplications.create({
    application_name: 'veralux',
    webhook_event_url: pod.webhookURL,
    webhook_api_version: '2',
  });
  const order = await telnyx.numberOrders.create({
    phone_numbers: [{ phone_number: NUMBER }],
    connection_id: application.data?.id ?? '',
    customer_reference: randomUUID(),
  });
  const id = order.data?.id ?? '';
  await expect.poll(async () => (await telnyx.numberOrders.retrieve(id)).data?.status).toBe('success');
}

test('the carrier answers, streams and hangs up as it is told, and its seconds are ours', async () => {
  const placed = carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect.poll(() => pod.opened.length, { timeout: 10_000 }).toBe(1);
  pod.opened[0]?.events.finished('WorkflowCompleted', true);
  await expect.poll(() => pod.ledgerKinds(), { timeout: 10_000 }).toContain('usage');
  await pod.runtime.driver.idle();

  const ledger = await pod.ledger();
  expect(ledger.map(({ kind }) => kind)).toEqual(['started', 'answered', 'ended', 'usage']);
  expect(ledger.find(({ kind }) => kind === 'ended')).toMatchObject({ reason: 'WorkflowCompleted' });
  expect(carrier.control.call(placed.id)).toMatchObject({ from: CALLER, to: NUMBER });
});

test('a caller who hangs up ends the call', async () => {
  const placed = carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect.poll(() => pod.opened.length, { timeout: 10_000 }).toBe(1);
  carrier.control.callerHangsUp(placed.id);
  await expect.poll(() => pod.ledgerKinds(), { timeout: 10_000 }).toContain('usage');
  expect((await pod.ledger()).find(({ kind }) => kind === 'ended')).toMatchObject({ reason: 'CallerHungUp' });
});

test('a call to a number that was taken away again is rejected', async () => {
  await pod.redis.del(`did:${NUMBER}`);
  const placed = carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect
    .poll(() => carrier.control.call(placed.id), { timeout: 10_000 })
    .toMatchObject({ hangupCause: 'call_rejected' });
});

test('a stream that breaks comes back before the carrier has noticed its end', async () => {
  carrier.control.change({ streamLossReportMs: 30_000 });
  carrier.control.faults.add({ at: 'stream', fault: { kind: 'breakSocket' }, after: 5 });
  const placed = carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect.poll(() => pod.opened.length, { timeout: 10_000 }).toBe(2);
  carrier.control.callerHangsUp(placed.id);
  await expect.poll(() => pod.ledgerKinds(), { timeout: 10_000 }).toContain('usage');
  const commands = carrier.control
    .call(placed.id)
    .commands.map(({ action, result }) => `${action} ${result}`);
  expect(commands.slice(0, 4)).toEqual([
    'answer 200',
    'streaming_start 200',
    'streaming_stop 200',
    'streaming_start 200',
  ]);
});

test('a call whose call.answered is lost is talked to all the same', async () => {
  carrier.control.faults.add({ at: 'webhook call.answered', fault: { kind: 'drop' } });
  const placed = carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect.poll(() => pod.opened.length, { timeout: 10_000 }).toBe(1);
  carrier.control.callerHangsUp(placed.id);
  await expect.poll(() => pod.ledgerKinds(), { timeout: 10_000 }).toContain('usage');
});
