import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FaultRule } from '#hack/standins/telnyx/faults/fault-table.ts';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { createLogger, silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { TelnyxCarrier } from '#runtime/carrier/telnyx.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { type CarrierSite, startCarrierSite } from '#runtime/testing/carrier-site.ts';
import { CALLER, NUMBER, profile } from '#runtime/testing/test-runtime.ts';
import { RecordingRetention } from './recording-retention.ts';

const PATIENCE = { timeout: 20_000 };
const DAY_MS = 86_400_000;

let site: CarrierSite;
let logged: { readonly deleted?: number }[];

beforeEach(async () => {
  logged = [];
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

const kept = async (): Promise<number> => {
  const { url, apiKey } = site.carrier;
  const reply = await fetch(`${url}/recordings`, { headers: { authorization: `Bearer ${apiKey}` } });
  return ((await reply.json()) as { data: unknown[] }).data.length;
};

/** One look at the recordings, so many days from now. */
async function sweep(daysFromNow: number, runtime = 'veralux-system/shared', application?: string) {
  const { carrier, pod } = site;
  const clock = new FakeClock(Date.now() + daysFromNow * DAY_MS);
  const inventory = carrier.control.inventory() as { numbers: { connection_id?: string }[] };
  const telnyx = new TelnyxCarrier({
    apiKey: carrier.apiKey,
    baseURL: carrier.url,
    stream: { codec: 'PCMU', sampleRate: 8_000, targetLegs: 'opposite' },
    applicationID: application ?? inventory.numbers[0]?.connection_id,
    log: silentLogger,
    clock,
    metrics: createRuntimeMetrics(createRegistry('test')),
  });
  const { redis } = pod;
  const log = createLogger('test', 'info', { write: (line) => void logged.push(JSON.parse(line)) });
  const options = { redis, pod: 'pod-a', runtime, carrier: telnyx, log, clock };
  let isOver = false;
  const sweeping = new RecordingRetention(options).sweep().finally(() => {
    isOver = true;
  });
  const advanced = async () => {
    await clock.advance(1_000);
    return isOver;
  };
  await expect.poll(advanced, PATIENCE).toBe(true);
  await sweeping;
}

test('recordings are deleted at the carrier once the tenant’s days are over, and not before', async () => {
  await recordedCall();
  await recordedCall();
  await sweep(6.9);
  expect(await kept()).toBe(2);
  await sweep(7.1);
  expect(await kept()).toBe(0);
}, 60_000);

test('fewer days hold for what was recorded before', async () => {
  await recordedCall();
  await site.pod.project({ ...profile, recording: { enabled: false, retentionDays: 1 } });
  await sweep(1.1);
  expect(await kept()).toBe(0);
}, 60_000);

test('what another runtime or another application recorded is left alone', async () => {
  await recordedCall();
  await sweep(400, 'veralux-system/other');
  await sweep(400, undefined, 'another-application');
  expect(await kept()).toBe(1);
}, 60_000);

test('what the carrier does not delete is deleted at the next look', async () => {
  await recordedCall();
  const rule: FaultRule = { at: 'DELETE /v2/recordings/*', fault: { kind: 'status', status: 422 } };
  site.carrier.control.faults.add(rule);
  await sweep(8);
  expect([await kept(), logged]).toEqual([1, []]);
  await sweep(9);
  expect([await kept(), logged]).toMatchObject([0, [{ deleted: 1 }]]);
}, 60_000);
