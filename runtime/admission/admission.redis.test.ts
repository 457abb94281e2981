import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { projectionKeys } from '#crds/projection/keys.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { keysLike } from '#hack/testing/redis-topology.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { CALLER, NUMBER, profile, TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';
import { MAX_TREATED } from './refusal.ts';

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

/** As the operator does it. */
async function numberIsTakenAway(atMs: number): Promise<void> {
  const key = projectionKeys.did(NUMBER);
  const value = (await pod.redis.hget(key, 'value')) ?? '';
  await pod.redis.hdel(key, 'value');
  await pod.redis.hset(key, { removed: value, removedAt: String(atMs) });
}

describe('the answers to call.initiated', () => {
  const refuse = async (): Promise<unknown> => {
    const call = `v3:${randomUUID()}`;
    expect(await pod.deliver(webhookOf('call.initiated', call))).toBe(200);
    return (await pod.recorder.next(call, 'reject')).body['cause'];
  };

  test('a suspended tenant, a blocked or withheld number: rejected', async () => {
    await pod.project({ ...profile, suspensions: [{ reason: 'Billing', message: 'unpaid' }] });
    expect(await refuse()).toBe('CALL_REJECTED');
    await pod.project({ ...profile, callScreening: { blocked: [CALLER], anonymous: 'Allow' } });
    expect(await refuse()).toBe('CALL_REJECTED');
    expect(await pod.ledgerKinds()).toEqual(['started', 'started']);
  });

  test('a tenant that is not projected, or not readable: busy', async () => {
    await pod.project({ schemaVersion: 1 });
    expect(await refuse()).toBe('USER_BUSY');
  });

  test('a number that leads nowhere, or a moving one of nobody who is known: rejected, nothing stored', async () => {
    await pod.project(profile, { runtime: 'other/runtime' });
    await pod.redis.del(projectionKeys.tenant(TENANT));
    const before = (await keysLike(pod.redis, '*')).length;
    expect(await refuse()).toBe('CALL_REJECTED');
    await numberIsTakenAway(Date.now());
    expect(await refuse()).toBe('CALL_REJECTED');
    await pod.redis.del(projectionKeys.did(NUMBER));
    expect(await refuse()).toBe('CALL_REJECTED');
    expect((await keysLike(pod.redis, '*')).length).toBe(before - 1);
  });

  test('a number that was taken away a while ago: rejected, nothing stored', async () => {
    await numberIsTakenAway(Date.now() - 301_000);
    expect(await refuse()).toBe('CALL_REJECTED');
    expect(await pod.ledgerKinds()).toEqual([]);
  });

  test('such a number with a carrier that takes no command: 503 in time, and rejected when delivered again', async () => {
    await pod.redis.del(projectionKeys.did(NUMBER));
    const initiated = webhookOf('call.initiated', 'v3:nowhere');
    pod.recorder.answers = false;
    expect(await pod.deliver(initiated)).toBe(503);
    pod.recorder.answers = true;
    expect(await pod.deliver(initiated)).toBe(200);
    const rejects = pod.recorder.of('v3:nowhere');
    expect(new Set(rejects.map(({ step, body }) => `${step} ${body['command_id']}`)).size).toBe(1);
  });

  test('above the concurrent calls: busy, and free again after a hang-up', async () => {
    await pod.project({ ...profile, limits: { ...profile.limits, concurrentCalls: 1 } });
    await pod.deliver(webhookOf('call.initiated', 'v3:first'));
    expect(await refuse()).toBe('USER_BUSY');
    await pod.deliver(webhookOf('call.hangup', 'v3:first'));
    await pod.deliver(webhookOf('call.initiated', 'v3:second'));
    await pod.recorder.next('v3:second', 'answer');
  });

  test('above the month: busy; a counter that is not there refuses nothing', async () => {
    await pod.project({ ...profile, limits: { ...profile.limits, callsPerMonth: 1, minutesPerMonth: 2 } });
    await pod.deliver(webhookOf('call.initiated', 'v3:unknown-counter'));
    await pod.recorder.next('v3:unknown-counter', 'answer');
    expect(await refuse()).toBe('USER_BUSY');
    await pod.deliver(webhookOf('call.hangup', 'v3:unknown-counter'));
    const month = new Date().toISOString().slice(0, 7);
    await pod.redis.hset(storeKeys.counters(TENANT, month), { calls: '0', callSeconds: '61' });
    expect(await refuse()).toBe('USER_BUSY');
  });

  test('no free slot on any pod: busy', async () => {
    for (const call of ['v3:1', 'v3:2', 'v3:3']) await pod.deliver(webhookOf('call.initiated', call));
    expect(await refuse()).toBe('USER_BUSY');
  });

  test('a leg that we dialled: neither admitted nor answered', async () => {
    await pod.deliver(webhookOf('call.initiated', 'v3:out', { direction: 'outgoing' }));
    await pod.runtime.driver.idle();
    expect(pod.recorder.commands).toEqual([]);
    expect(await pod.ledgerKinds()).toEqual([]);
  });

  test('Redis away: 503, for the carrier to deliver it again', async () => {
    await server.stop();
    expect(await pod.deliver(webhookOf('call.initiated', 'v3:away'))).toBe(503);
    expect(pod.logged.join('')).toContain('a webhook could not be taken');
    expect(pod.logged.join('')).not.toContain(NUMBER.slice(1));
    expect(pod.recorder.commands).toEqual([]);
  });
});

describe('a caller whom no agent can take', () => {
  const message = 'All lines are busy.';
  const busy = { treatment: 'Message', message };
  const call = 'v3:busy';

  /** What keeps the caller from an agent. */
  const CAUSES: readonly [string, () => Promise<void>][] = [
    ['no free slot on any pod', () => take(3, { ...profile, busy })],
    [
      'the concurrent calls of the tenant',
      () => take(1, { ...profile, busy, limits: { ...profile.limits, concurrentCalls: 1 } }),
    ],
    [
      'a number that is moved to another runtime',
      () => pod.project({ ...profile, busy }, { runtime: 'other/runtime' }),
    ],
    [
      'a number that has just been taken away',
      async () => {
        await pod.project({ ...profile, busy });
        await numberIsTakenAway(Date.now());
      },
    ],
  ];

  async function take(count: number, tenant: object): Promise<void> {
    await pod.project(tenant);
    for (let index = 0; index < count; index += 1) {
      await pod.deliver(webhookOf('call.initiated', `v3:${index}`));
      await pod.recorder.next(`v3:${index}`, 'answer');
    }
  }

  test.each(CAUSES)(
    'for %s hears the message of the tenant, in its language, and is hung up',
    async (_what, prepare) => {
      await prepare();
      expect(await pod.deliver(webhookOf('call.initiated', call))).toBe(200);
      const { body } = await pod.recorder.next(call, 'answer');
      const ours = { client_state: body['client_state'] };
      await pod.deliver(webhookOf('call.answered', call, ours));
      expect((await pod.recorder.next(call, 'speak')).body).toMatchObject({
        payload: message,
        language: 'en-US',
      });
      await pod.deliver(webhookOf('call.speak.ended', call, ours));
      await pod.recorder.next(call, 'hangup');
      await pod.deliver(webhookOf('call.hangup', call, ours));
      const ledger = (await pod.ledger()).filter(({ callID }) => callID === callIDOf(call));
      expect(ledger.map(({ kind }) => kind)).toEqual(['started', 'answered', 'ended', 'usage']);
      expect(ledger[2]).toMatchObject({ reason: 'Busy' });
      expect(await pod.redis.zcard(storeKeys.treated(TENANT))).toBe(0);
    },
  );

  test('hears it also where the slots that are left are kept for other tenants', async () => {
    const larger = await TestRuntime.start(server.url, { POD_NAME: 'pod-b', CALLS_PER_POD: '10' });
    await pod.runtime.pod.drain();
    await pod.project({ ...profile, busy, limits: { ...profile.limits, concurrentCalls: null } });
    for (let index = 0; index < 8; index += 1) {
      await larger.deliver(webhookOf('call.initiated', `v3:${index}`));
      await larger.recorder.next(`v3:${index}`, 'answer');
    }
    await larger.deliver(webhookOf('call.initiated', call));
    await larger.recorder.next(call, 'answer');
    await larger.deliver(webhookOf('call.answered', call));
    await larger.recorder.next(call, 'speak');
    await larger.stop();
  });

  test('hears the busy tone where too many hear the message already', async () => {
    await take(1, { ...profile, busy, limits: { ...profile.limits, concurrentCalls: 1 } });
    for (let index = 0; index < MAX_TREATED; index += 1) {
      await pod.deliver(webhookOf('call.initiated', `v3:busy-${index}`));
      await pod.recorder.next(`v3:busy-${index}`, 'answer');
    }
    await pod.deliver(webhookOf('call.initiated', call));
    expect((await pod.recorder.next(call, 'reject')).body['cause']).toBe('USER_BUSY');
    expect(await pod.redis.zcard(storeKeys.leases(TENANT))).toBe(1);
  });

  test.each([
    ['suspended', { suspensions: [{ reason: 'Billing', message: 'unpaid' }] }],
    ['at the end of its month', { limits: { ...profile.limits, concurrentCalls: 1, callsPerMonth: 2 } }],
  ])('is rejected where the tenant is %s', async (_what, change) => {
    await pod.redis.hset(storeKeys.counters(TENANT, new Date().toISOString().slice(0, 7)), {
      calls: '1',
      callSeconds: '1',
    });
    await pod.project({ ...profile, busy, ...change });
    await pod.deliver(webhookOf('call.initiated', 'v3:first'));
    await pod.deliver(webhookOf('call.initiated', call));
    await pod.recorder.next(call, 'reject');
  });
});
