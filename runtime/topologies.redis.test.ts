import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { podKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { flushAll, startTopology, type TestTopology, TOPOLOGIES } from '#hack/testing/redis-topology.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { profile, TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';

const RUNTIME = 'veralux-system/shared';
const DUE = storeKeys.due(shardOf(TENANT), RUNTIME);

describe.each(TOPOLOGIES)('on %s', (name) => {
  let topology: TestTopology;
  let pod: TestRuntime;
  beforeAll(async () => {
    topology = await startTopology(name);
  });
  afterAll(() => topology.stop());
  beforeEach(async () => {
    await flushAll(topology.redis);
    pod = await TestRuntime.start(topology.url);
  });
  afterEach(() => pod.stop());

  test('a call goes from its first webhook to its usage, each delivered six times', async () => {
    const call = 'v3:whole';
    const answeredAtMs = Date.UTC(2026, 4, 31, 23, 59, 30);
    await pod.deliverSixTimes(webhookOf('call.initiated', call));
    await pod.recorder.next(call, 'answer');
    await pod.deliverSixTimes(webhookOf('call.answered', call, {}, answeredAtMs));
    const start = await pod.recorder.next(call, 'streaming_start');
    expect(await pod.openMedia(start)).toBeInstanceOf(WebSocket);
    const [session] = pod.opened;
    session?.events.turn({
      index: 0,
      speaker: 'Agent',
      text: 'Acme, hello.',
      startedAtMs: 10,
      endedAtMs: 900,
      interrupted: false,
    });
    session?.events.progress(pod.conversation);
    session?.events.lead('lead-capture', [], false);
    session?.events.finished('WorkflowCompleted', true);
    await pod.recorder.next(call, 'hangup');
    await pod.deliverSixTimes(webhookOf('call.hangup', call, {}, answeredAtMs + 60_500));
    await pod.runtime.ledger.flushed();
    await pod.runtime.driver.idle();
    expect((await pod.ledgerKinds()).sort()).toEqual([
      'answered',
      'ended',
      'lead',
      'started',
      'turn',
      'usage',
    ]);
    // On a busy machine a command is repeated, under its id: the carrier does it once.
    const commands = new Set(pod.recorder.of(call).map(({ step, body }) => `${step} ${body['command_id']}`));
    expect(Array.from(commands, (id) => id.split(' ')[0])).toEqual(['answer', 'streaming_start', 'hangup']);
    expect(await pod.redis.hgetall(storeKeys.counters(TENANT, '2026-05'))).toMatchObject({
      calls: '1',
      callSeconds: '61',
    });
    for (const key of [storeKeys.leases(TENANT), podKeys.slots(RUNTIME, 'pod-a'), DUE]) {
      expect(await pod.redis.zcard(key)).toBe(0);
    }
  });

  test('calls at once are held to the limit of the tenant and to the slots of the pods', async () => {
    await pod.project({ ...profile, limits: { ...profile.limits, concurrentCalls: 2 } });
    const outcomes = async (calls: readonly string[]) => {
      await Promise.all(calls.map((call) => pod.deliver(webhookOf('call.initiated', call))));
      await pod.runtime.driver.idle();
      return calls.map((call) => pod.recorder.of(call)[0]?.step ?? 'nothing').sort();
    };
    expect(await outcomes(['v3:1', 'v3:2', 'v3:3', 'v3:4'])).toEqual([
      'answer',
      'answer',
      'reject',
      'reject',
    ]);
    expect(await pod.redis.zcard(podKeys.slots(RUNTIME, 'pod-a'))).toBe(2);
    await pod.project({ ...profile, limits: { ...profile.limits, concurrentCalls: null } });
    const other = await TestRuntime.start(topology.url, { POD_NAME: 'pod-b', CALLS_PER_POD: '1' });
    expect(await outcomes(['v3:5', 'v3:6', 'v3:7'])).toEqual(['answer', 'answer', 'reject']);
    const held = ['pod-a', 'pod-b'].map((one) => pod.redis.zcard(podKeys.slots(RUNTIME, one)));
    expect(await Promise.all(held)).toEqual([3, 1]);
    await other.stop();
  });

  test('what a pod leaves undone is driven on by another', async () => {
    const call = 'v3:left';
    pod.recorder.answers = false;
    await pod.deliver(webhookOf('call.initiated', call));
    await pod.recorder.next(call, 'answer');
    const other = await TestRuntime.start(topology.url, { POD_NAME: 'pod-b' });
    const ref = { tenantID: TENANT, callID: callIDOf(call) };
    const record = JSON.parse((await pod.redis.hget(storeKeys.call(ref), 'record')) ?? '{}');
    const deadlineAtMs = Date.now() - 1;
    await pod.redis.hset(storeKeys.call(ref), 'record', JSON.stringify({ ...record, deadlineAtMs }));
    await pod.redis.zadd(DUE, deadlineAtMs, `${TENANT}/${ref.callID}`);
    const answer = await other.recorder.next(call, 'answer');
    expect(answer.body['command_id']).toBe(pod.recorder.of(call)[0]?.body['command_id']);
    await other.stop();
  });
});
