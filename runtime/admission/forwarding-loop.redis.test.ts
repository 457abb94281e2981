import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { profile, TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';

const SALES = '+15550100777';
const CALL = 'v3:transferred';
const LOOP = 'v3:loop';

let server: TestRedis;
let pod: TestRuntime;

beforeEach(async () => {
  server = await startTestRedis();
  pod = await TestRuntime.start(server.url);
  await pod.project({ ...profile, transferTargets: [{ name: 'sales', number: SALES }] });
});

afterEach(async () => {
  await pod.stop();
  await server.stop();
});

/** Lets every commit of a call fail until the returned function puts it right. */
async function breakCommitsOf(call: string): Promise<() => Promise<void>> {
  const key = storeKeys.seen({ tenantID: TENANT, callID: callIDOf(call) });
  const members = await pod.redis.smembers(key);
  await pod.redis.set(key, 'not a set');
  return async () => {
    await pod.redis.del(key);
    if (members.length > 0) await pod.redis.sadd(key, members);
  };
}

test.each([
  ['the call', LOOP],
  ['the end of the transfer', CALL],
])(
  'a forwarding loop of which %s could not be stored is the same loop when it is told again',
  async (_what, broken) => {
    await pod.openMedia(await pod.answer(CALL));
    expect(await pod.opened[0]?.events.transfer({ target: 'sales' })).toBe(true);
    await pod.recorder.next(CALL, 'transfer');
    const mend = await breakCommitsOf(broken);
    const webhook = webhookOf('call.initiated', LOOP, { from: SALES });
    expect(await pod.deliver(webhook)).toBe(503);
    await mend();
    expect(await pod.deliver(webhook)).toBe(200);
    expect((await pod.recorder.next(LOOP, 'reject')).body['cause']).toBe('USER_BUSY');
    expect(pod.recorder.of(LOOP).map(({ step }) => step)).toEqual(['reject']);
    await expect
      .poll(() => pod.recorder.of(CALL).filter(({ step }) => step === 'streaming_start').length)
      .toBe(2);
  },
);
