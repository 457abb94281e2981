import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { projectionKeys } from '#crds/projection/keys.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { CALLER, NUMBER, profile, TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';

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

  test('a number that leads nowhere, or to another runtime: rejected, nothing stored', async () => {
    await pod.project(profile, { runtime: 'other/runtime' });
    const before = await pod.redis.dbsize();
    expect(await refuse()).toBe('CALL_REJECTED');
    await pod.redis.del(projectionKeys.did(NUMBER));
    expect(await refuse()).toBe('CALL_REJECTED');
    expect(await pod.redis.dbsize()).toBe(before - 1);
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
