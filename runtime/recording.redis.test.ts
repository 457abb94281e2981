import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FaultRule } from '#hack/standins/telnyx/faults/fault-table.ts';
import type { TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { type CarrierSite, startCarrierSite } from '#runtime/testing/carrier-site.ts';
import { CALLER, NUMBER, profile, type TestRuntime } from '#runtime/testing/test-runtime.ts';

const PATIENCE = { timeout: 20_000 };
const RECORD_START = 'POST /v2/calls/*/actions/record_start';

let site: CarrierSite;
let carrier: TelnyxStandIn;
let pod: TestRuntime;

beforeEach(async () => {
  site = await startCarrierSite();
  ({ carrier, pod } = site);
});

afterEach(() => site.stop());

/** Calls a tenant that has its calls recorded, or not, until the agent is there; the call's id at the carrier. */
async function call(fault?: FaultRule, enabled = true): Promise<string> {
  await pod.project({ ...profile, recording: { enabled, retentionDays: 14 } });
  if (fault) carrier.control.faults.add(fault);
  const { id } = carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect.poll(() => pod.opened.length, PATIENCE).toBe(1);
  return id;
}

const recordStarts = (id: string) =>
  carrier.control.call(id).commands.filter(({ action }) => action === 'record_start');

async function settled() {
  await expect.poll(() => pod.ledgerKinds(), PATIENCE).toContain('usage');
}

describe('a call of a tenant that has its calls recorded', () => {
  test('is recorded from its stream on, both sides apart, and that is told after its end', async () => {
    const fault = { kind: 'duplicate', times: 3, jitterMs: 50 } as const;
    const id = await call({ at: 'webhook call.recording.saved', fault });
    await pod.runtime.driver.idle();
    expect(recordStarts(id)).toMatchObject([
      { body: { channels: 'dual', recording_track: 'both', play_beep: false }, result: '200' },
    ]);
    carrier.control.callerHangsUp(id);
    await settled();
    await expect.poll(() => pod.ledgerKinds(), PATIENCE).toContain('recording');
    await expect.poll(() => carrier.control.webhooksUnderWay, PATIENCE).toBe(0);
    const ledger = await pod.ledger();
    expect(ledger.map(({ kind }) => kind)).toEqual(['started', 'answered', 'ended', 'usage', 'recording']);
    const [recording] = carrier.control.call(id).recordings;
    expect(ledger.at(-1)).toMatchObject({ purpose: 'Call', carrierLegID: id, retentionDays: 14 });
    expect(recording?.lengthMs).toBeGreaterThan(0);
  });

  test('goes on without a recording where the carrier refuses, and does not ask again', async () => {
    const fault = { kind: 'status', status: 422 } as const;
    const id = await call({ at: RECORD_START, fault });
    await pod.runtime.driver.idle();
    carrier.control.faults.add({ at: 'stream', fault: { kind: 'breakSocket' } });
    await expect.poll(() => pod.opened.length, PATIENCE).toBe(2);
    carrier.control.callerHangsUp(id);
    await settled();
    expect(recordStarts(id)).toHaveLength(0);
    expect(await pod.ledgerKinds()).not.toContain('recording');
  });

  test('has its agent at once, however long the carrier takes to record it', async () => {
    const id = await call({ at: RECORD_START, fault: { kind: 'delay', delayMs: 5_000 } });
    expect(recordStarts(id)).toEqual([]);
    carrier.control.callerHangsUp(id);
    await settled();
  });

  test('is recorded once, however often its stream is lost', async () => {
    const id = await call();
    for (const streams of [2, 3]) {
      carrier.control.faults.add({ at: 'stream', fault: { kind: 'breakSocket' } });
      await expect.poll(() => pod.opened.length, PATIENCE).toBe(streams);
    }
    await pod.runtime.driver.idle();
    carrier.control.callerHangsUp(id);
    await expect.poll(() => pod.ledgerKinds(), PATIENCE).toContain('recording');
    expect(recordStarts(id)).toMatchObject([{ result: '200' }]);
    expect(carrier.control.call(id).recordings).toHaveLength(1);
  });
});

test('no call is recorded of a tenant that does not want it', async () => {
  const id = await call(undefined, false);
  await pod.runtime.driver.idle();
  expect(recordStarts(id)).toEqual([]);
});
