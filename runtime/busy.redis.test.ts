import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { type CarrierSite, startCarrierSite } from '#runtime/testing/carrier-site.ts';
import { CALLER, NUMBER, profile, TENANT, type TestRuntime } from '#runtime/testing/test-runtime.ts';

const PATIENCE = { timeout: 20_000 };
const MESSAGE = 'Busy.';

let site: CarrierSite;
let carrier: TelnyxStandIn;
let pod: TestRuntime;

beforeEach(async () => {
  site = await startCarrierSite();
  ({ carrier, pod } = site);
});

afterEach(() => site.stop());

/** Calls a tenant whose lines are all busy; the call's id at the carrier. */
async function call(treatment: 'Message' | 'Voicemail', caller?: object): Promise<string> {
  const limits = { ...profile.limits, concurrentCalls: 0 };
  await pod.project({ ...profile, limits, busy: { treatment, message: MESSAGE } });
  return carrier.control.placeCall({ from: CALLER, to: NUMBER, caller }).id;
}

const commandsOf = (id: string) => carrier.control.call(id).commands.map(({ action }) => action);

async function ledgerOf(id: string, last: string) {
  const callID = callIDOf(carrier.control.call(id).callControlID);
  const ofCall = async () => (await pod.ledger()).filter((event) => event.callID === callID);
  await expect.poll(async () => (await ofCall()).map(({ kind }) => kind), PATIENCE).toContain(last);
  return ofCall();
}

test('a message is said whole, and the call is an answered one', async () => {
  const id = await call('Message');
  const ledger = await ledgerOf(id, 'usage');
  expect(ledger.map(({ kind }) => kind)).toEqual(['started', 'answered', 'ended', 'usage']);
  expect(ledger.at(-1)).toMatchObject({ calls: 1 });
  expect(carrier.control.call(id)).toMatchObject({ spoken: [MESSAGE], hangupSource: 'callee' });
  expect(commandsOf(id)).toEqual(['answer', 'speak', 'hangup']);
  const counters = storeKeys.counters(TENANT, new Date().toISOString().slice(0, 7));
  expect(await pod.redis.hget(counters, 'calls')).toBe('1');
});

test('a voicemail ends with the silence after it, and its recording is in the ledger', async () => {
  const id = await call('Voicemail', {
    kind: 'talks',
    startAfterMs: 1_500,
    talkMs: 1_000,
    silenceMs: 60_000,
  });
  const recording = (await ledgerOf(id, 'recording')).find(({ kind }) => kind === 'recording');
  expect(recording).toMatchObject({ purpose: 'Voicemail', carrierLegID: id });
  await ledgerOf(id, 'usage');
  expect(carrier.control.call(id).recordings).toHaveLength(1);
  expect(commandsOf(id)).toEqual(['answer', 'speak', 'record_start', 'hangup']);
});

test('a caller who hangs up after the tone has left a voicemail all the same', async () => {
  const id = await call('Voicemail');
  await expect.poll(() => commandsOf(id), PATIENCE).toContain('record_start');
  await expect.poll(() => pod.runtime.driver.idle(), PATIENCE).toBeUndefined();
  carrier.control.callerHangsUp(id);
  await ledgerOf(id, 'recording');
  expect((await ledgerOf(id, 'ended')).find(({ kind }) => kind === 'ended')).toMatchObject({
    reason: 'Busy',
  });
});
