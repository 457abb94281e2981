import { afterEach, beforeEach, expect, test } from 'vitest';
import { erasureKeys, projectionKeys } from '#crds/projection/keys.ts';
import type { FaultRule } from '#hack/standins/telnyx/faults/fault-table.ts';
import { systemClock } from '#lib/clock/clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { TelnyxCarrier } from '#runtime/carrier/telnyx.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { type CarrierSite, startCarrierSite } from '#runtime/testing/carrier-site.ts';
import { CALLER, NUMBER, profile } from '#runtime/testing/test-runtime.ts';
import { RecordingErasure } from './recording-erasure.ts';

const PATIENCE = { timeout: 20_000 };
const RUNTIME = 'veralux-system/shared';

let site: CarrierSite;
beforeEach(async () => {
  site = await startCarrierSite();
  await site.pod.project({ ...profile, recording: { enabled: true, retentionDays: 7 } });
});
afterEach(() => site.stop());

/** A call that is recorded, to its end and the carrier's word of it. */
async function recordedCall(): Promise<void> {
  const { carrier, pod } = site;
  const before = pod.opened.length;
  const { id } = carrier.control.placeCall({ from: CALLER, to: NUMBER });
  await expect.poll(() => pod.opened.length, PATIENCE).toBe(before + 1);
  await pod.runtime.driver.idle();
  carrier.control.callerHangsUp(id);
  const recorded = async () => (await pod.ledgerKinds()).filter((kind) => kind === 'recording').length;
  await expect.poll(recorded, PATIENCE).toBe(before + 1);
}

/** The legs of which the carrier has a recording. */
async function legs(): Promise<readonly string[]> {
  const { url, apiKey } = site.carrier;
  const reply = await fetch(`${url}/recordings`, { headers: { authorization: `Bearer ${apiKey}` } });
  const { data } = (await reply.json()) as { data: { call_leg_id: string }[] };
  return data.map((recording) => recording.call_leg_id);
}

/** One look of a pod; resolves to what is still named then. */
async function look(application?: string): Promise<readonly string[]> {
  const { carrier, pod } = site;
  const inventory = carrier.control.inventory() as { numbers: { connection_id?: string }[] };
  const telnyx = new TelnyxCarrier({
    apiKey: carrier.apiKey,
    baseURL: carrier.url,
    stream: { codec: 'PCMU', sampleRate: 8_000, targetLegs: 'opposite' },
    applicationID: application ?? inventory.numbers[0]?.connection_id,
    log: silentLogger,
    clock: systemClock,
    metrics: createRuntimeMetrics(createRegistry('test')),
  });
  const { redis } = pod;
  const common = { redis, pod: 'pod-a', runtime: RUNTIME, log: silentLogger, clock: systemClock };
  await new RecordingErasure({ ...common, carrier: telnyx }).erase();
  return redis.smembers(erasureKeys.recordings(RUNTIME));
}

const name = (leg: string) => site.pod.redis.sadd(erasureKeys.recordings(RUNTIME), leg);

test('what was recorded of a call that is named is deleted at the carrier and said to be gone, and of no other', async () => {
  await recordedCall();
  await recordedCall();
  const [erased = '', other] = await legs();
  await name(erased);
  expect([await look(), await legs()]).toEqual([[], [other]]);
  expect(await site.pod.redis.smembers(erasureKeys.gone(RUNTIME))).toEqual([erased]);
}, 60_000);

test('number and tenant need not be there any more', async () => {
  await recordedCall();
  const [leg = ''] = await legs();
  await name(leg);
  await site.pod.redis.del(projectionKeys.did(NUMBER), projectionKeys.tenant(profile.tenantID));
  expect([await look(), await legs()]).toEqual([[], []]);
}, 60_000);

test('what the carrier does not delete is deleted at the next look', async () => {
  await recordedCall();
  const [erased = ''] = await legs();
  await name(erased);
  const rule: FaultRule = { at: 'DELETE /v2/recordings/*', fault: { kind: 'status', status: 422 } };
  site.carrier.control.faults.add(rule);
  expect([await look(), await legs()]).toEqual([[erased], [erased]]);
  expect([await look(), await legs()]).toEqual([[], []]);
}, 60_000);

test('what another application recorded, or nobody has any more, is left alone and not asked for again', async () => {
  await recordedCall();
  const [theirs = ''] = await legs();
  await name(theirs);
  await name('gone-long-ago');
  expect([await look('another-application'), await legs()]).toEqual([[], [theirs]]);
}, 60_000);
