import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { TestLedger } from '#apiserver/testing/test-ledger.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { profile, TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';
import { startTestRedis, type TestRedis } from './redis.ts';
import { flushAll } from './redis-topology.ts';

/** A pod and the ledger's writer as a process of its own, while Redis and that process come to grief. */
const WRITER = fileURLToPath(new URL('../../apiserver/testing/ledger-child/main.ts', import.meta.url));
const PATIENCE = { timeout: 60_000 };
const CALLS = 24;
const TURNS = 3;

let server: TestRedis;
let ledger: TestLedger;
let pod: TestRuntime;
let writer: ChildProcess;

beforeEach(async () => {
  server = await startTestRedis();
  ledger = await TestLedger.start(server);
  pod = await TestRuntime.start(ledger.server.url, { CALLS_PER_POD: String(CALLS) });
  await project();
  writer = startWriter();
});

afterEach(async () => {
  await killWriter();
  await pod.stop();
  await ledger.stop();
});

function startWriter(): ChildProcess {
  const { database, server } = ledger;
  return spawn(process.execPath, [WRITER, database.workerURL, server.url], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function killWriter(): Promise<void> {
  const exited = once(writer, 'exit');
  writer.kill('SIGKILL');
  await exited;
}

/** As the operator does, also after Redis was emptied. */
async function project(): Promise<void> {
  const limits = { ...profile.limits, concurrentCalls: null };
  const write = () => pod.project({ ...profile, plan: 'OnPrem', limits }).then(() => true);
  await expect.poll(() => write().catch(() => false), PATIENCE).toBe(true);
}

/** As the carrier does: again, until it was taken. */
async function deliver(event: string, call: string, payload: object = {}, at = Date.now()): Promise<void> {
  const command = pod.recorder.of(call).findLast(({ body }) => body['client_state'] !== undefined);
  const clientState = command?.body['client_state'];
  const webhook = webhookOf(event, call, { client_state: clientState, ...payload }, at);
  await expect.poll(() => pod.deliver(webhook), PATIENCE).toBe(200);
}

async function hold(call: string): Promise<void> {
  await deliver('call.initiated', call);
  await pod.recorder.next(call, 'answer');
  await deliver('call.answered', call, {}, answeredAtMs(call));
  expect(await pod.openMedia(await pod.recorder.next(call, 'streaming_start'))).toBeInstanceOf(WebSocket);
  const session = pod.opened.find(({ callID }) => callID === callIDOf(call));
  for (let index = 0; index < TURNS; index += 1) {
    const times = { startedAtMs: index, endedAtMs: index + 1, interrupted: false };
    session?.events.turn({ index, speaker: 'Agent', text: `Sentence ${index}.`, ...times });
  }
}

const T0 = Date.now() - 120_000;
const numberOf = (call: string) => Number(call.split(':')[1]);
const answeredAtMs = (call: string) => T0 + numberOf(call);

/** A call of as many seconds as its number says. */
async function hangUp(call: string): Promise<void> {
  const endMs = answeredAtMs(call) + (numberOf(call) + 1) * 1_000;
  await deliver('call.hangup', call, { end_time: new Date(endMs).toISOString(), hangup_source: 'caller' });
}

const TROUBLES: readonly (() => Promise<void>)[] = [
  () => flushAll(pod.redis),
  async () => {
    await killWriter();
    writer = startWriter();
  },
  () => server.restartEmpty(),
  async () => {
    await killWriter();
    await flushAll(pod.redis);
    writer = startWriter();
  },
];

test('whatever Redis loses and whenever the writer is killed, Postgres has each event once', async () => {
  const rejects = await ledger.rejectCount();
  const calls = Array.from({ length: CALLS }, (_, index) => `v3:${index}`);
  for (const [index, call] of calls.entries()) {
    await hold(call);
    if (index % 4 === 1) await TROUBLES[((index - 1) / 4) % TROUBLES.length]?.();
    await project();
    if (index >= 6) await hangUp(`v3:${index - 6}`);
  }
  const replica = await server.replicate();
  await replica.cutOff();
  for (const call of calls.slice(-6)) await hangUp(call);
  await replica.failOver();
  await expect.poll(usage, PATIENCE).toEqual({ call_count: CALLS, call_seconds: (CALLS * (CALLS + 1)) / 2 });
  await expect.poll(turns, PATIENCE).toBe(TURNS * CALLS);
  await expect.poll(() => ledger.redis.status, PATIENCE).toBe('ready');
  await ledger.drained();
  expect(await usage()).toEqual({ call_count: CALLS, call_seconds: (CALLS * (CALLS + 1)) / 2 });
  expect(await drift()).toEqual([]);
  expect(await ledger.rejectCount()).toBe(rejects);
}, 180_000);

async function usage(): Promise<Record<string, number>> {
  const rows = await ledger.database.worker.query<{ metric: string; quantity: string }>(
    `SELECT metric, sum(quantity) AS quantity FROM usage_counters
      WHERE tenant_id = $1 AND metric IN ('call_count', 'call_seconds') GROUP BY metric`,
    [TENANT],
  );
  return Object.fromEntries(rows.map(({ metric, quantity }) => [metric, Number(quantity)]));
}

async function turns(): Promise<number> {
  const rows = await ledger.database.worker.query<{ n: string }>(
    'SELECT count(*) AS n FROM call_turns WHERE tenant_id = $1',
    [TENANT],
  );
  return Number(rows[0]?.n);
}

/** Counters that are not the sum of what they count. */
async function drift(): Promise<readonly object[]> {
  return ledger.database.worker.query(
    `SELECT tenant_id, month, metric FROM usage_counters c WHERE metric <> 'api_requests' AND quantity <>
       (SELECT COALESCE(sum(quantity), 0) FROM usage_events e
         WHERE e.tenant_id = c.tenant_id AND e.month = c.month AND e.metric = c.metric)`,
  );
}
