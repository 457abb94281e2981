import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { type CarrierSite, startCarrierSite } from '#runtime/testing/carrier-site.ts';
import { CALLER, NUMBER, type TestRuntime } from '#runtime/testing/test-runtime.ts';

let site: CarrierSite;
let carrier: TelnyxStandIn;
let pod: TestRuntime;

beforeEach(async () => {
  site = await startCarrierSite();
  ({ carrier, pod } = site);
});

afterEach(() => site.stop());

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
