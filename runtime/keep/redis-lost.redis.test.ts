import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { REBUILT_REVISION } from '#crds/ledger/ledger-event.ts';
import { counterKeys, ledgerKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { flushAll } from '#hack/testing/redis-topology.ts';
import { mastersOf } from '#lib/redis/servers.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { profile, TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';

const PATIENCE = { timeout: 15_000 };
/** Before anything asks the carrier after stuck calls, once a minute. */
const SOON = { timeout: 40_000 };
const CALL = 'v3:kept';
const REF = { tenantID: TENANT, callID: callIDOf(CALL) };
const SHARD = shardOf(TENANT);

let server: TestRedis;
let pod: TestRuntime;

beforeEach(async () => {
  server = await startTestRedis();
  pod = await TestRuntime.start(server.url);
});

afterEach(async () => {
  await pod.stop();
  await server.stop();
});

async function talk(): Promise<WebSocket> {
  const socket = await pod.openMedia(await pod.answer(CALL, Date.now() - 5_000));
  if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
  return socket;
}

function say(index: number): void {
  const times = { startedAtMs: index, endedAtMs: index + 1, interrupted: false };
  pod.opened[0]?.events.turn({ index, speaker: 'Agent', text: `Sentence ${index}.`, ...times });
}

/** A webhook of the call as the carrier words it: with what the last command told it to bring back. */
function webhook(event: string, payload: object = {}): object {
  const command = pod.recorder.of(CALL).findLast(({ body }) => body['client_state'] !== undefined);
  return webhookOf(event, CALL, { client_state: command?.body['client_state'], ...payload });
}

async function stateOf(): Promise<unknown> {
  return JSON.parse((await pod.redis.hget(storeKeys.call(REF), 'record')) ?? '{}').state;
}

async function kinds(): Promise<string[]> {
  return (await pod.ledgerKinds()).sort();
}

describe.each([
  ['emptied', () => flushAll(pod.redis)],
  ['restarted without its data', () => server.restartEmpty()],
])('a call that is talked to while Redis is %s', (_what, lose) => {
  test('goes on, with its lease and its deadline, and is settled once', async () => {
    const socket = await talk();
    pod.conversation = { ...pod.conversation, nextTurn: 3, ttsCharacters: 40 };
    await lose();
    await expect.poll(stateOf, PATIENCE).toBe('talking');
    expect(await pod.redis.zcard(storeKeys.leases(TENANT))).toBe(1);
    expect(await pod.redis.zcard(storeKeys.due(SHARD, 'veralux-system/shared'))).toBe(1);
    expect(await pod.redis.hget(storeKeys.call(REF), 'conversation')).toContain('"nextTurn":3');
    expect(socket.readyState).toBe(WebSocket.OPEN);
    expect(pod.recorder.of(CALL).map(({ step }) => step)).toEqual(['answer', 'streaming_start']);

    await pod.deliver(webhook('call.hangup', { hangup_source: 'caller' }));
    await expect.poll(kinds, PATIENCE).toEqual(['answered', 'ended', 'started', 'usage']);
    expect((await pod.ledger()).find(({ kind }) => kind === 'usage')).toMatchObject({ ttsCharacters: 40 });
    expect(await pod.redis.zcard(storeKeys.leases(TENANT))).toBe(0);
  });

  test('has all its events in the ledger again, each once', async () => {
    await talk();
    say(0);
    say(1);
    await pod.runtime.ledger.flushed();
    await lose();
    await expect.poll(kinds, PATIENCE).toEqual(['answered', 'started', 'turn', 'turn']);
    say(2);
    await expect.poll(kinds, PATIENCE).toEqual(['answered', 'started', 'turn', 'turn', 'turn']);
  });
});

test('a failover that loses the last writes loses neither a call nor an event', async () => {
  await pod.deliver(webhookOf('call.initiated', CALL));
  const replica = await server.replicate();
  await replica.cutOff();
  await pod.deliver(webhookOf('call.answered', CALL));
  expect(await pod.openMedia(await pod.recorder.next(CALL, 'streaming_start'))).toBeInstanceOf(WebSocket);
  say(0);
  await pod.runtime.ledger.flushed();
  await replica.failOver();
  await expect.poll(stateOf, PATIENCE).toBe('talking');
  await expect.poll(kinds, PATIENCE).toEqual(['answered', 'started', 'turn']);
});

test('calls that end about the time of such a failover have their usage at once, each once', async () => {
  const calls = ['v3:before', 'v3:between', 'v3:after'] as const;
  const seconds = { 'v3:before': 10, 'v3:between': 20, 'v3:after': 30 };
  const startMs = Date.now() - 60_000;
  for (const call of calls) {
    expect(await pod.openMedia(await pod.answer(call, startMs))).toBeInstanceOf(WebSocket);
  }
  const hangUp = (call: keyof typeof seconds) =>
    pod.deliver(
      webhookOf('call.hangup', call, {
        client_state: pod.recorder.of(call).at(-1)?.body['client_state'],
        end_time: new Date(startMs + seconds[call] * 1_000).toISOString(),
      }),
    );
  const usages = async () =>
    (await pod.ledger()).flatMap((event) =>
      event.kind === 'usage' ? `${event.callID} ${event.callSeconds} s, revision ${event.revision}` : [],
    );
  const told = (...ended: readonly (typeof calls)[number][]) =>
    ended.map((call) => `${callIDOf(call)} ${seconds[call]} s, revision 0`);

  const replica = await server.replicate();
  expect(await hangUp('v3:before')).toBe(200);
  await Promise.all(mastersOf(pod.redis).map((master) => master.wait(1, PATIENCE.timeout)));
  await replica.cutOff();
  expect(await hangUp('v3:between')).toBe(200);
  expect(await usages()).toEqual(told('v3:before', 'v3:between'));
  await replica.failOver();
  await expect.poll(() => usages().catch(() => 'away'), SOON).toEqual(told('v3:before', 'v3:between'));
  await expect.poll(() => hangUp('v3:after'), SOON).toBe(200);
  await expect.poll(usages, SOON).toEqual(told(...calls));
}, 150_000);

test('an event that is in Postgres is not appended again', async () => {
  await talk();
  const stream = ledgerKeys.stream(SHARD);
  const [last] = await pod.redis.xrevrange(stream, '+', '-', 'COUNT', 1);
  await pod.redis.set(ledgerKeys.committed(SHARD), last?.[0] ?? '');
  const kept = () => pod.metric('veralux_ledger_tail_events');
  await expect.poll(kept, PATIENCE).toBe(0);
  say(0);
  await pod.runtime.ledger.flushed();
  await flushAll(pod.redis);
  await expect.poll(kinds, PATIENCE).toEqual(['turn']);
});

test('a call that is finished before it could be written back is written back, and hung up', async () => {
  await talk();
  await flushAll(pod.redis);
  pod.opened[0]?.events.finished('WorkflowCompleted', true);
  await pod.recorder.next(CALL, 'hangup');
  await pod.deliver(webhook('call.hangup', { hangup_source: 'callee' }));
  await expect.poll(kinds, PATIENCE).toEqual(['answered', 'ended', 'started', 'usage']);
  expect((await pod.ledger()).find(({ kind }) => kind === 'ended')).toMatchObject({
    reason: 'WorkflowCompleted',
  });
});

test('a call that another pod has taken on meanwhile is left to that pod', async () => {
  await talk();
  const record = JSON.parse((await pod.redis.hget(storeKeys.call(REF), 'record')) ?? '{}');
  await flushAll(pod.redis);
  await pod.project(profile);
  const newer = { ...record, generation: record.generation + 1, pod: 'pod-b' };
  await pod.redis.hset(storeKeys.call(REF), {
    version: 2,
    generation: newer.generation,
    record: JSON.stringify(newer),
  });
  await expect.poll(kinds, PATIENCE).toEqual(['answered', 'started']);
  expect(JSON.parse((await pod.redis.hget(storeKeys.call(REF), 'record')) ?? '{}')).toEqual(newer);
});

describe('a call that Redis lost before anybody held its media', () => {
  test('is answered, attached and settled once, from what its webhooks bring back', async () => {
    await pod.deliver(webhookOf('call.initiated', CALL));
    await pod.recorder.next(CALL, 'answer');
    await flushAll(pod.redis);
    await pod.project(profile);
    expect(await pod.deliver(webhook('call.answered'))).toBe(200);
    const socket = await pod.openMedia(await pod.recorder.next(CALL, 'streaming_start'));
    expect(socket).toBeInstanceOf(WebSocket);
    await pod.deliver(webhook('call.hangup'));
    await expect.poll(kinds, PATIENCE).toEqual(['answered', 'ended', 'started', 'usage']);
  });

  test('is talked to where another pod has refused a repeat of its first webhook in between', async () => {
    await pod.deliver(webhookOf('call.initiated', CALL));
    await pod.recorder.next(CALL, 'answer');
    const answered = webhook('call.answered');
    const other = await TestRuntime.start(server.url, { POD_NAME: 'pod-b' });
    try {
      await flushAll(pod.redis);
      await other.project({ ...profile, suspensions: [{ reason: 'Billing', message: 'unpaid' }] });
      await other.deliver(webhookOf('call.initiated', CALL));
      await other.recorder.next(CALL, 'reject');
      expect(await other.deliver(answered)).toBe(200);
      const start = await other.recorder.next(CALL, 'streaming_start');
      expect(await other.openMedia(start)).toBeInstanceOf(WebSocket);
      await other.deliver(webhook('call.hangup'));
      await expect.poll(kinds, PATIENCE).toContain('usage');
    } finally {
      await other.stop();
    }
  });

  test('is known to the pod that stored it last, where a repeat of its first webhook comes there', async () => {
    await pod.deliver(webhookOf('call.initiated', CALL));
    await pod.recorder.next(CALL, 'answer');
    await flushAll(pod.redis);
    await pod.project({ ...profile, suspensions: [{ reason: 'Billing', message: 'unpaid' }] });
    await pod.deliver(webhookOf('call.initiated', CALL));
    expect(await stateOf()).toBe('answering');
    expect(pod.recorder.of(CALL).map(({ step }) => step)).not.toContain('reject');
  });

  test('is attached by the token of its stream', async () => {
    const start = await pod.answer(CALL, Date.now() - 30_000);
    await flushAll(pod.redis);
    await pod.project(profile);
    expect(await pod.openMedia(start)).toBeInstanceOf(WebSocket);
    expect(await stateOf()).toBe('talking');
    expect(await pod.redis.zcard(storeKeys.leases(TENANT))).toBe(1);
    // Where an earlier session of it is lost, its turns keep their places in the transcript.
    expect(pod.opened[0]?.conversation.nextTurn).toBeGreaterThanOrEqual(30);
  });

  test('is settled by its hang-up alone, from its answer on', async () => {
    const answeredAtMs = Date.now() - 90_500;
    await pod.answer(CALL, answeredAtMs);
    await flushAll(pod.redis);
    await pod.deliver(webhook('call.hangup', { end_time: new Date(answeredAtMs + 90_500).toISOString() }));
    await expect.poll(kinds, PATIENCE).toEqual(['answered', 'ended', 'started', 'usage']);
    expect((await pod.ledger()).find(({ kind }) => kind === 'usage')).toMatchObject({
      calls: 1,
      callSeconds: 91,
    });
  });
});

test('a settled call of which a late webhook comes after Redis was emptied is neither revived nor told anew', async () => {
  await talk();
  pod.conversation = { ...pod.conversation, sttMs: 9_000 };
  const hangUp = webhook('call.hangup');
  await pod.deliver(hangUp);
  await expect.poll(kinds, PATIENCE).toContain('usage');
  await expect.poll(() => pod.runtime.pod.calls, PATIENCE).toBe(0);
  const before = await pod.ledger();
  await flushAll(pod.redis);
  await pod.deliver(hangUp);
  await expect.poll(stateOf, PATIENCE).toBe('settled');
  const after = (await pod.ledger()).filter(
    (event) => !before.some((it) => JSON.stringify(it) === JSON.stringify(event)),
  );
  // The same ids, under a revision below that of what was told first: the API server drops it.
  expect(after.map(({ id, ...event }) => [id, 'revision' in event && event.revision])).toEqual([
    [`${REF.callID}/ended`, REBUILT_REVISION],
    [`${REF.callID}/usage`, REBUILT_REVISION],
  ]);
  expect(pod.recorder.of(CALL).map(({ step }) => step)).toEqual(['answer', 'streaming_start']);
});

test('the counters of a month that Redis has lost are asked for, and refuse nothing meanwhile', async () => {
  await pod.project({ ...profile, limits: { ...profile.limits, callsPerMonth: 1 } });
  await flushAll(pod.redis);
  await pod.project({ ...profile, limits: { ...profile.limits, callsPerMonth: 1 } });
  await pod.deliver(webhookOf('call.initiated', CALL));
  await pod.recorder.next(CALL, 'answer');
  const month = new Date().toISOString().slice(0, 7);
  expect(await pod.redis.smembers(counterKeys.unseeded(SHARD))).toEqual([`${TENANT}/${month}`]);
  // The call in progress counts, and so does what the API server knows.
  await pod.redis.hset(counterKeys.counters(TENANT, month), { calls: '1', callSeconds: '0', seeded: '1' });
  await pod.deliver(webhookOf('call.hangup', CALL));
  await pod.deliver(webhookOf('call.initiated', 'v3:refused'));
  await pod.recorder.next('v3:refused', 'reject');
});

describe('while Redis has lost the projection, and the operator has not written it anew', () => {
  test('calls of numbers that were read before are answered', async () => {
    await pod.deliver(webhookOf('call.initiated', 'v3:before'));
    await flushAll(pod.redis);
    expect(await pod.deliver(webhookOf('call.initiated', CALL))).toBe(200);
    await pod.recorder.next(CALL, 'answer');
  });

  test('calls of other numbers are delivered again, not rejected', async () => {
    await flushAll(pod.redis);
    expect(await pod.deliver(webhookOf('call.initiated', CALL, { to: '+15550100077' }))).toBe(503);
    expect(pod.recorder.of(CALL)).toEqual([]);
  });
});
