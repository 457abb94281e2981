import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { podKeys, projectionKeys } from '#crds/projection/keys.ts';
import { shardOf } from '#crds/projection/shard.ts';
import { startTopology, type TestTopology } from '#hack/testing/redis-topology.ts';
import { isAway, mastersOf, serverOf } from '#lib/redis/servers.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { profile, TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';

const RUNTIME = 'veralux-system/shared';
/** A replica takes over a few seconds after its master is taken for dead, and this machine is shared. */
const TAKES_OVER = { timeout: 60_000, interval: 100 };
const SHARD_KEY = storeKeys.leases(TENANT);

let topology: TestTopology;
let pod: TestRuntime;

afterEach(async () => {
  await pod.stop();
  await topology.stop();
});

/** What was written so far is on a replica too. */
async function replicated(): Promise<void> {
  await Promise.all(mastersOf(topology.redis).map((server) => server.wait(1, 1_000)));
}

/** A server has the key again, and the pod is heard of again: its next heartbeat may be a second away. */
async function isBack(key: string): Promise<void> {
  await expect.poll(() => pod.redis.exists(key).catch(() => 'away'), TAKES_OVER).toBeTypeOf('number');
  await pod.runtime.pod.beat();
}

async function usageOf(call: string) {
  return (await pod.ledger()).filter(({ kind, callID }) => kind === 'usage' && callID === callIDOf(call));
}

describe.each(['Sentinel', 'a Cluster'] as const)('on %s, with the master of a live call killed', (name) => {
  beforeEach(async () => {
    topology = await startTopology(name);
    pod = await TestRuntime.start(topology.url);
  }, 60_000);

  test('that call goes on, others are taken, and each is counted once', async () => {
    const answeredAtMs = Date.now() - 30_000;
    const socket = await pod.openMedia(await pod.answer('v3:live', answeredAtMs));
    await replicated();
    await topology.killMasterOf(SHARD_KEY);
    await expect.poll(() => isAway(pod.redis, SHARD_KEY)).toBe(true);
    pod.opened[0]?.events.turn({
      index: 0,
      speaker: 'Caller',
      text: 'hello',
      startedAtMs: 0,
      endedAtMs: 700,
      interrupted: false,
    });
    const meanwhile = await pod.answer('v3:meanwhile', Date.now() - 20_000);
    expect(await pod.openMedia(meanwhile)).toBeInstanceOf(WebSocket);
    await isBack(SHARD_KEY);
    const after = await pod.answer('v3:after', Date.now() - 10_000);
    expect(await pod.openMedia(after)).toBeInstanceOf(WebSocket);
    expect([socket instanceof WebSocket && socket.readyState, pod.runtime.pod.calls]).toEqual([1, 3]);

    const calls = ['v3:live', 'v3:meanwhile', 'v3:after'];
    for (const call of calls) {
      await expect.poll(() => pod.deliver(webhookOf('call.hangup', call)), TAKES_OVER).toBe(200);
    }
    await expect.poll(async () => (await Promise.all(calls.map(usageOf))).flat().length, TAKES_OVER).toBe(3);
    await pod.runtime.ledger.flushed();
    const ids = (await pod.ledger()).map((event) =>
      JSON.stringify([event.id, 'revision' in event && event.revision]),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(await pod.ledgerKinds()).toContain('turn');
    await expect
      .poll(() => pod.redis.hget(storeKeys.counters(TENANT, new Date().toISOString().slice(0, 7)), 'calls'))
      .toBe('3');
    for (const key of [SHARD_KEY, podKeys.slots(RUNTIME, 'pod-a'), storeKeys.due(shardOf(TENANT), RUNTIME)]) {
      await expect.poll(() => pod.redis.zcard(key), TAKES_OVER).toBe(0);
    }
  }, 120_000);
});

describe('on a Cluster', () => {
  beforeEach(async () => {
    topology = await startTopology('a Cluster');
    pod = await TestRuntime.start(topology.url);
  }, 60_000);

  /** A tenant with a number whose keys lie on a server that `fits`. */
  async function tenantWhere(fits: (server: string | undefined) => boolean) {
    const on = (key: string) => fits(serverOf(pod.redis, key));
    const pick = (make: () => string, keyOf: (id: string) => string): string => {
      for (;;) {
        const id = make();
        if (on(keyOf(id))) return id;
      }
    };
    const tenantID = pick(randomUUID, (id) => storeKeys.leases(id));
    const digits = () => String(Math.floor(Math.random() * 10_000_000)).padStart(7, '0');
    const number = pick(() => `+1555${digits()}`, projectionKeys.did);
    const did = {
      schemaVersion: 1,
      number,
      tenantID,
      shard: shardOf(tenantID),
      workflow: 'lead-capture',
      runtime: RUNTIME,
      generation: 1,
    };
    await pod.redis.hset(projectionKeys.did(number), 'value', JSON.stringify(did));
    await pod.redis.hset(projectionKeys.tenant(tenantID), 'value', JSON.stringify({ ...profile, tenantID }));
    return { tenantID, number, key: storeKeys.leases(tenantID) };
  }

  test('a tenant whose shard is on another master notices nothing', async () => {
    const slotsServer = serverOf(pod.redis, podKeys.runtimePods(RUNTIME));
    const healthy = await tenantWhere((server) => server === slotsServer);
    const harmed = await tenantWhere((server) => server !== slotsServer);
    await pod.deliver(webhookOf('call.initiated', 'v3:seen', { to: harmed.number }));
    await pod.recorder.next('v3:seen', 'answer');
    await topology.killMasterOf(harmed.key);
    await expect.poll(() => isAway(pod.redis, harmed.key)).toBe(true);
    expect(await pod.deliver(webhookOf('call.initiated', 'v3:healthy', { to: healthy.number }))).toBe(200);
    expect(await pod.deliver(webhookOf('call.initiated', 'v3:harmed', { to: harmed.number }))).toBe(200);
    const ref = { tenantID: healthy.tenantID, callID: callIDOf('v3:healthy') };
    // Stored at once, and not in the pod alone as the other one.
    expect(await pod.redis.hget(storeKeys.call(ref), 'record')).toContain('"state":"answering"');
    expect(await pod.redis.zcard(healthy.key)).toBe(1);
    await Promise.all(['v3:healthy', 'v3:harmed'].map((call) => pod.recorder.next(call, 'answer')));
    expect(pod.runtime.pod.notReady()).toEqual([]);
    // What is overdue in healthy shards is driven on meanwhile.
    const due = storeKeys.due(shardOf(healthy.tenantID), RUNTIME);
    await pod.redis.zadd(due, 0, `${healthy.tenantID}/${randomUUID()}`);
    await expect.poll(() => pod.redis.zrangebyscore(due, 0, 0)).toEqual([]);
    await isBack(harmed.key);
    const brought = storeKeys.call({ tenantID: harmed.tenantID, callID: callIDOf('v3:harmed') });
    await expect.poll(() => pod.redis.exists(brought), TAKES_OVER).toBe(1);
  }, 120_000);
});
