import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { keysLike } from '#hack/testing/redis-topology.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import { CALLER, TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';

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

describe('what is not authentic changes nothing', () => {
  test.each([
    ['a forged signature', { signature: Buffer.alloc(64, 7).toString('base64') }],
    ['a signature of another length', { signature: 'AAAA' }],
    ['a stale webhook', { seconds: Math.floor(Date.now() / 1_000) - 400 }],
    ['a webhook of the future', { seconds: Math.floor(Date.now() / 1_000) + 400 }],
    ['a webhook without a time', { seconds: Number.NaN }],
  ])('%s gets 401', async (_name, forging) => {
    const before = (await keysLike(pod.redis, '*')).length;
    expect(await pod.deliver(webhookOf('call.initiated', 'v3:forged'), forging)).toBe(401);
    expect((await keysLike(pod.redis, '*')).length).toBe(before);
    expect(pod.recorder.commands).toEqual([]);
  });

  test('an unsigned webhook gets a problem reply', async () => {
    const reply = await fetch(pod.webhookURL, { method: 'POST', body: '{}' });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([401, 'application/problem+json']);
    expect(await reply.json()).toMatchObject({ code: 'signature_invalid' });
  });

  test('a body that is too large gets 413, another method 405', async () => {
    const url = pod.webhookURL;
    const headers = {
      'telnyx-timestamp': String(Math.floor(Date.now() / 1_000)),
      'telnyx-signature-ed25519': Buffer.alloc(64, 7).toString('base64'),
    };
    expect((await fetch(url, { method: 'POST', body: 'x'.repeat(100_000), headers })).status).toBe(413);
    expect((await fetch(url)).status).toBe(405);
  });

  test('a script that Redis refuses gives 503 and no caller in the log', async () => {
    await pod.redis.set(storeKeys.leases(TENANT), 'not a sorted set');
    expect(await pod.deliver(webhookOf('call.initiated', 'v3:refused'))).toBe(503);
    expect(pod.logged.join('')).toContain('a webhook could not be taken');
    expect(pod.logged.join('')).not.toContain(CALLER.slice(1));
  });

  test('a signed body that is no webhook gets 400, an unknown event 200', async () => {
    expect(await pod.deliver({ hello: 1 })).toBe(400);
    expect(await pod.deliver(webhookOf('call.machine.detection.ended', 'v3:x'))).toBe(200);
  });
});
