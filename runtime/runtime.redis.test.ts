import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { shardOf } from '#crds/projection/shard.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { CALLER, NUMBER, TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';

let server: TestRedis;
let pod: TestRuntime;

beforeEach(async () => {
  server = await startTestRedis();
  // A call that was answered in a month of old is not too long.
  pod = await TestRuntime.start(server.url, { MAX_CALL_DURATION_SECONDS: '1000000000' });
});

afterEach(async () => {
  await pod.stop();
  await server.stop();
});

describe('a call from its first webhook to its usage', () => {
  test('every webhook six times and shuffled gives one answer, one stream, one settlement, one usage', async () => {
    const call = 'v3:six-times';
    const answeredAtMs = Date.UTC(2026, 4, 31, 23, 59, 30);
    await pod.deliverSixTimes(webhookOf('call.initiated', call));
    const answer = await pod.recorder.next(call, 'answer');
    await pod.deliverSixTimes(webhookOf('call_answered', call, {}, answeredAtMs));
    const start = await pod.recorder.next(call, 'streaming_start');
    const socket = await pod.openMedia(start);
    expect(socket).toBeInstanceOf(WebSocket);
    const [session] = pod.opened;
    session?.events.turn({
      index: 0,
      speaker: 'Agent',
      text: 'Acme, hello.',
      startedAtMs: 10,
      endedAtMs: 900,
      interrupted: false,
    });
    session?.events.turn({
      index: 1,
      speaker: 'Caller',
      text: 'my name is Ada Lovelace',
      startedAtMs: 1_000,
      endedAtMs: 2_500,
      interrupted: false,
    });
    pod.conversation = { ...pod.conversation, nextTurn: 2, sttMs: 1_500, ttsCharacters: 12 };
    session?.events.progress(pod.conversation);
    session?.events.lead(
      'lead-capture',
      [{ name: 'name', label: 'Name', value: 'Ada Lovelace', spoken: 'my name is Ada Lovelace' }],
      true,
    );
    session?.events.finished('WorkflowCompleted', true);
    await pod.recorder.next(call, 'hangup');
    const hungUp = { hangup_cause: 'normal_clearing', hangup_source: 'callee' };
    await pod.deliverSixTimes(
      webhookOf('call.hangup', call, hungUp, answeredAtMs + 60_500),
      webhookOf('streaming.stopped', call, { stream_url: start.body['stream_url'] }),
      webhookOf('call.answered', call, {}, answeredAtMs),
    );
    await pod.runtime.ledger.flushed();
    await pod.runtime.driver.idle();

    const commandIDs = new Set(
      pod.recorder.of(call).map(({ step, body }) => `${step} ${body['command_id']}`),
    );
    expect([...commandIDs].map((id) => id.split(' ')[0])).toEqual(['answer', 'streaming_start', 'hangup']);
    expect(answer.body['client_state']).toBeTruthy();
    expect(start.body).toMatchObject({
      stream_track: 'inbound_track',
      stream_bidirectional_mode: 'rtp',
      stream_bidirectional_codec: 'PCMU',
      stream_bidirectional_sampling_rate: 8_000,
      stream_bidirectional_target_legs: 'opposite',
    });
    expect((await pod.ledgerKinds()).sort()).toEqual([
      'answered',
      'ended',
      'lead',
      'started',
      'turn',
      'turn',
      'usage',
    ]);
    expect((await pod.ledger()).find(({ kind }) => kind === 'usage')).toMatchObject({
      month: '2026-05',
      calls: 1,
      callSeconds: 61,
      sttSeconds: 2,
      ttsCharacters: 12,
    });
    expect((await pod.ledger()).find(({ kind }) => kind === 'ended')).toMatchObject({
      reason: 'WorkflowCompleted',
    });
    expect(await pod.redis.hgetall(storeKeys.counters(TENANT, '2026-05'))).toMatchObject({
      calls: '1',
      callSeconds: '61',
    });
    expect(await pod.redis.zcard(storeKeys.leases(TENANT))).toBe(0);
    expect(await pod.redis.zcard('slots:{veralux-system/shared}:pod-a')).toBe(0);
    expect(await pod.redis.zcard(storeKeys.due(shardOf(TENANT), 'veralux-system/shared'))).toBe(0);

    const log = pod.logged.join('');
    expect(log).toContain('call.initiated');
    for (const secret of [CALLER, CALLER.slice(1), NUMBER, 'Lovelace', 'Acme, hello', 'KEY-of']) {
      expect(log).not.toContain(secret);
    }
  });

  test('a hang-up before its call.initiated leaves a tombstone, and nothing is answered', async () => {
    await pod.deliver(webhookOf('call.hangup', 'v3:early'));
    expect(await pod.deliver(webhookOf('call.initiated', 'v3:early'))).toBe(200);
    await pod.runtime.driver.idle();
    expect(pod.recorder.of('v3:early')).toEqual([]);
    expect(
      await pod.redis.pttl(storeKeys.call({ tenantID: TENANT, callID: callIDOf('v3:early') })),
    ).toBeGreaterThan(0);
  });

  test.each([
    ['call.initiated', 'answer'],
    ['call.answered', 'streaming_start'],
  ])('a %s that comes again has its command sent, where nobody knows that it was', async (event, step) => {
    const call = 'v3:unsent';
    const first = {
      'call.initiated': webhookOf('call.initiated', call),
      'call.answered': webhookOf('call.answered', call),
    };
    for (const name of ['call.initiated', event] as const)
      await pod.deliver(first[name as keyof typeof first]);
    const sent = await pod.recorder.next(call, step);
    await pod.runtime.driver.idle();
    // As after a commit whose reply was lost: the event was answered with 503, and is known.
    const key = storeKeys.call({ tenantID: TENANT, callID: callIDOf(call) });
    const record = JSON.parse((await pod.redis.hget(key, 'record')) ?? '{}');
    const unsent = {
      ...record,
      command: { ...record.command, done: false },
      deadlineAtMs: Date.now() + 600_000,
    };
    await pod.redis.hset(key, 'record', JSON.stringify(unsent));
    await pod.deliver(first[event as keyof typeof first]);
    const ids = () =>
      pod.recorder.of(call).flatMap(({ step: of, body }) => (of === step ? body['command_id'] : []));
    await expect.poll(() => ids().length).toBe(2);
    expect(new Set(ids())).toEqual(new Set([sent.body['command_id']]));
  });

  test('what a pod of another release wrote of a call is still there after this one has stored it', async () => {
    const call = 'v3:two-releases';
    const start = await pod.answer(call);
    await pod.runtime.driver.idle();
    const key = storeKeys.call({ tenantID: TENANT, callID: callIDOf(call) });
    const record = JSON.parse((await pod.redis.hget(key, 'record')) ?? '{}');
    await pod.redis.hset(key, 'record', JSON.stringify({ ...record, later: { by: 'the next release' } }));
    await pod.redis.hset(key, 'conversation', JSON.stringify({ ...pod.conversation, later: 1 }));
    expect(await pod.openMedia(start)).toBeInstanceOf(WebSocket);
    const stored = JSON.parse((await pod.redis.hget(key, 'record')) ?? '{}');
    expect(stored).toMatchObject({ state: 'talking', later: { by: 'the next release' } });
    expect(pod.opened[0]?.conversation).toMatchObject({ later: 1 });
  });

  test('a socket that breaks is asked for again, and the next one goes on with what was kept', async () => {
    const call = 'v3:broken';
    const socket = await pod.openMedia(await pod.answer(call));
    pod.conversation = { ...pod.conversation, phase: 'Collecting', nextTurn: 5 };
    if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
    socket.terminate();
    await expect
      .poll(() => pod.recorder.of(call).filter(({ step }) => step === 'streaming_start').length)
      .toBe(2);
    const again = pod.recorder.of(call).findLast(({ step }) => step === 'streaming_start');
    if (!again) throw new Error('no stream');
    expect(again.body['command_id']).not.toBe(pod.recorder.of(call)[1]?.body['command_id']);
    expect(await pod.openMedia(again)).toBeInstanceOf(WebSocket);
    expect(pod.opened[1]?.conversation).toMatchObject({ phase: 'Collecting', nextTurn: 5 });
    await pod.deliver(webhookOf('call.hangup', call, { hangup_source: 'caller' }));
    await expect.poll(() => pod.ledgerKinds()).toContain('usage');
    expect((await pod.ledger()).find(({ kind }) => kind === 'ended')).toMatchObject({
      reason: 'CallerHungUp',
    });
  });

  test('a stream whose end only the carrier noticed is given up when the next one comes', async () => {
    const call = 'v3:unnoticed';
    const start = await pod.answer(call);
    const first = await pod.openMedia(start);
    if (typeof first === 'number') throw new Error(`refused with ${first}`);
    await pod.deliver(webhookOf('streaming.failed', call, { stream_url: start.body['stream_url'] }));
    await expect
      .poll(() => pod.recorder.of(call).filter(({ step }) => step === 'streaming_start').length)
      .toBe(2);
    const again = pod.recorder.of(call).findLast(({ step }) => step === 'streaming_start');
    if (!again) throw new Error('no stream');
    const second = await pod.openMedia(again);
    await expect.poll(() => first.readyState).toBe(WebSocket.CLOSED);
    expect([second instanceof WebSocket && second.readyState, pod.runtime.pod.calls]).toEqual([1, 1]);
  });

  test('a caller who hangs up mid-form leaves the lead as far as it came', async () => {
    const call = 'v3:mid-form';
    await pod.openMedia(await pod.answer(call));
    const collected = [{ name: 'name', label: 'Name', value: 'Ada Lovelace', spoken: 'ada lovelace' }];
    pod.conversation = { ...pod.conversation, phase: 'Collecting', asking: 'phone', collected, nextTurn: 3 };
    await pod.deliver(webhookOf('call.hangup', call, { hangup_source: 'caller' }));
    await expect.poll(() => pod.ledgerKinds()).toContain('lead');
    expect((await pod.ledger()).find(({ kind }) => kind === 'lead')).toMatchObject({
      complete: false,
      fields: collected,
    });
  });

  test('the turn that a hang-up cuts off is in the transcript and in the usage', async () => {
    const call = 'v3:cut-off';
    await pod.openMedia(await pod.answer(call, Date.now() - 5_000));
    pod.onClose = ({ events }) => {
      pod.conversation = { ...pod.conversation, nextTurn: 1, ttsCharacters: 9 };
      events.turn({
        index: 0,
        speaker: 'Agent',
        text: 'Thank you',
        startedAtMs: 0,
        endedAtMs: 700,
        interrupted: true,
      });
      pod.onClose = () => {};
    };
    await pod.deliver(webhookOf('call.hangup', call, { hangup_source: 'caller' }));
    await expect.poll(() => pod.runtime.pod.calls).toBe(0);
    await pod.runtime.ledger.flushed();
    expect(await pod.ledgerKinds()).toContain('turn');
    expect((await pod.ledger()).findLast(({ kind }) => kind === 'usage')).toMatchObject({ ttsCharacters: 9 });
  });

  test('a slot that a heartbeat renewed while its call ended is given back', async () => {
    const call = 'v3:heartbeat';
    await pod.openMedia(await pod.answer(call));
    pod.onClose = () => void pod.runtime.pod.beat();
    await pod.deliver(webhookOf('call.hangup', call, { hangup_source: 'caller' }));
    await expect.poll(() => pod.runtime.pod.calls).toBe(0);
    await expect.poll(() => pod.redis.zcard('slots:{veralux-system/shared}:pod-a')).toBe(0);
  });

  test('a slot that nobody gave back, of a call that is over or was never stored, is found', async () => {
    const over = 'v3:over';
    await pod.openMedia(await pod.answer(over));
    await pod.deliver(webhookOf('call.hangup', over, { hangup_source: 'caller' }));
    await expect.poll(() => pod.runtime.pod.calls).toBe(0);
    await pod.runtime.driver.idle();
    const live = 'v3:on-the-way';
    await pod.answer(live);
    const slots = 'slots:{veralux-system/shared}:pod-a';
    const untilMs = Date.now() + 600_000;
    for (const call of [over, 'v3:never-stored']) {
      await pod.redis.zadd(slots, untilMs, `${TENANT}/${callIDOf(call)}`);
    }
    const present = () => pod.redis.zrange(slots, '0', '-1');
    await expect.poll(present, { timeout: 30_000 }).toEqual([`${TENANT}/${callIDOf(live)}`]);
  }, 60_000);

  test('a call of which nobody told the caller the end: the carrier says it, then it is hung up', async () => {
    const call = 'v3:mute';
    await pod.openMedia(await pod.answer(call));
    pod.opened[0]?.events.finished('EnginesFailed', false);
    await pod.recorder.next(call, 'speak');
    await pod.deliver(webhookOf('call.speak.ended', call));
    await pod.recorder.next(call, 'hangup');
    expect(pod.recorder.of(call).map(({ step }) => step)).toEqual([
      'answer',
      'streaming_start',
      'speak',
      'hangup',
    ]);
  });

  test('a draining pod holds its call to the end, and others go to another pod', async () => {
    const call = 'v3:drained';
    await pod.openMedia(await pod.answer(call));
    const attaching = 'v3:attaching';
    await pod.deliver(webhookOf('call.initiated', attaching));
    await pod.recorder.next(attaching, 'answer');
    let drained = false;
    const drain = async () => {
      await pod.runtime.pod.drain();
      drained = true;
    };
    const draining = drain();
    await expect.poll(() => pod.runtime.pod.notReady()).toContain('The pod is draining.');
    await expect
      .poll(async () =>
        JSON.parse((await pod.redis.hget('pod:{veralux-system/shared}:pod-a', 'value')) ?? '{}'),
      )
      .toMatchObject({ state: 'Draining' });

    await pod.deliver(webhookOf('call.initiated', 'v3:no-pod'));
    expect((await pod.recorder.next('v3:no-pod', 'reject')).body['cause']).toBe('USER_BUSY');
    const other = await TestRuntime.start(server.url, { POD_NAME: 'pod-b' });
    await pod.deliver(webhookOf('call.answered', attaching));
    const start = await pod.recorder.next(attaching, 'streaming_start');
    expect(start.body['stream_url']).toContain('/media/pod-b/');
    expect(await pod.redis.zrange('slots:{veralux-system/shared}:pod-a', '0', '-1')).toEqual([
      `${TENANT}/${callIDOf(call)}`,
    ]);
    await other.stop();

    expect([drained, pod.runtime.pod.calls]).toEqual([false, 1]);
    pod.opened[0]?.events.finished('WorkflowCompleted', true);
    await pod.recorder.next(call, 'hangup');
    await expect.poll(() => pod.runtime.pod.calls).toBe(0);
    expect(drained).toBe(false);
    await pod.deliver(webhookOf('call.hangup', call, { hangup_source: 'callee' }));
    await draining;
    expect((await pod.ledger()).filter(({ kind }) => kind === 'usage')).toHaveLength(1);
  });

  test('the metrics are at a port of their own where there is one, and nowhere else', async () => {
    const own = await TestRuntime.start(server.url, { POD_NAME: 'pod-m', METRICS_PORT: '0' });
    try {
      const { server: doors, metricsServer } = own.runtime;
      const statusAt = async (port = 0) => (await fetch(`http://127.0.0.1:${port}/metrics`)).status;
      expect([await statusAt(doors.port), await statusAt(metricsServer?.port)]).toEqual([404, 200]);
      expect(await statusAt(pod.runtime.server.port)).toBe(200);
    } finally {
      await own.stop();
    }
  });

  test('a pod is not ready before admission knows of it', async () => {
    const warming = await TestRuntime.start(server.url, { POD_NAME: 'pod-b' }, () => false);
    expect(warming.runtime.pod.notReady()).toEqual(['The pod has not been announced to admission yet.']);
    expect(pod.runtime.pod.notReady()).toEqual([]);
    await warming.stop();
  });

  test('a call whose deadlines pass without any webhook is driven to its end', async () => {
    const call = 'v3:silent';
    const ref = { tenantID: TENANT, callID: callIDOf(call) };
    await pod.deliver(webhookOf('call.initiated', call));
    await pod.runtime.driver.idle();
    for (let round = 0; round < 12; round += 1) {
      const record = JSON.parse((await pod.redis.hget(storeKeys.call(ref), 'record')) ?? '{}');
      if (record.state === 'settled') break;
      const due = storeKeys.due(shardOf(TENANT), 'veralux-system/shared');
      await pod.redis.zadd(due, 0, `${TENANT}/${ref.callID}`);
      await pod.redis.hset(
        storeKeys.call(ref),
        'record',
        JSON.stringify({ ...record, deadlineAtMs: Date.now() - 1_000 }),
      );
      await pod.runtime.driver.driveOverdue();
      await pod.runtime.driver.idle();
    }
    expect(await pod.ledgerKinds()).toEqual(['started', 'answered', 'ended', 'usage']);
    expect(pod.recorder.of(call).map(({ step }) => step)).toEqual([
      'answer',
      'streaming_start',
      'streaming_stop',
      'streaming_start',
      'streaming_stop',
      'streaming_start',
      'speak',
      'hangup',
    ]);
    expect(await pod.redis.zcard(storeKeys.leases(TENANT))).toBe(0);
  });
});
