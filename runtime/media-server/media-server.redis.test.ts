import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { projectionKeys } from '#crds/projection/keys.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';

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

describe('a media socket is refused', () => {
  test('without a token, with a forged one, with one of another call: 401', async () => {
    const start = await pod.answer('v3:media');
    const other = await pod.answer('v3:other');
    const token = start.body['stream_auth_token'] ?? '';
    expect(await pod.openMedia(start, '')).toBe(401);
    expect(await pod.openMedia(start, `${token}x`)).toBe(401);
    expect(await pod.openMedia(start, other.body['stream_auth_token'])).toBe(401);
    expect(pod.opened).toEqual([]);
  });

  test('for a second use of its token, at the same time or later: 409', async () => {
    const start = await pod.answer('v3:twice');
    const both = await Promise.all([pod.openMedia(start), pod.openMedia(start)]);
    expect(both.filter((socket) => socket === 409)).toHaveLength(1);
    expect(await pod.openMedia(start)).toBe(409);
    expect(pod.opened).toHaveLength(1);
  });

  test('at another path: 404', async () => {
    const start = await pod.answer('v3:path');
    const elsewhere = { ...start, body: { ...start.body, stream_url: 'ws://x/media/pod-a' } };
    expect(await pod.openMedia(elsewhere)).toBe(404);
  });

  test('where all slots are taken, and by a pod that drains: 503', async () => {
    const start = await pod.answer('v3:late');
    const slots = 'slots:{veralux-system/shared}:pod-a';
    const soon = Date.now() + 60_000;
    await pod.redis.zrem(slots, `${TENANT}/${callIDOf('v3:late')}`);
    await pod.redis.zadd(slots, soon, 'x', soon, 'y', soon, 'z');
    expect(await pod.openMedia(start)).toBe(503);
    await pod.redis.del(slots);
    await pod.runtime.pod.drain();
    expect(await pod.openMedia(start)).toBe(503);
    expect(pod.opened).toEqual([]);
  });

  test('and its connection is cut, also where the peer would keep it', async () => {
    const socket = connect({ port: pod.runtime.server.port, host: '127.0.0.1', allowHalfOpen: true });
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nHost: x';
    socket.write(`GET /elsewhere HTTP/1.1\r\n${upgrade}\r\n\r\n`);
    socket.resume();
    await once(socket, 'end');
    let cut = false;
    socket.on('error', () => {
      cut = true;
    });
    await expect.poll(() => cut || (socket.write('x') && cut)).toBe(true);
  });

  test('of a call that is over: 409', async () => {
    const start = await pod.answer('v3:gone');
    await pod.deliver(webhookOf('call.hangup', 'v3:gone'));
    expect(await pod.openMedia(start)).toBe(409);
  });
});

test('a call in progress of a tenant that ends goes on with what the tenant was', async () => {
  const start = await pod.answer('v3:ends');
  const key = projectionKeys.tenant(TENANT);
  const value = (await pod.redis.hget(key, 'value')) ?? '';
  // As the operator does it.
  await pod.redis.hdel(key, 'value');
  await pod.redis.hset(key, { removed: value, removedAt: String(Date.now() - 1_800_000) });
  expect(await pod.openMedia(start)).toBeInstanceOf(WebSocket);
  expect(pod.opened[0]?.profile).toMatchObject({ tenantID: TENANT });
});

test('a message above 128 KiB ends its socket and no more: the stream is asked for again', async () => {
  const call = 'v3:oversized';
  const socket = await pod.openMedia(await pod.answer(call));
  if (typeof socket === 'number') throw new Error(`refused with ${socket}`);
  const closed = once(socket, 'close');
  socket.send('x'.repeat(128 * 1_024 + 1));
  expect((await closed)[0]).toBe(1009);
  await pod.recorder.next(call, 'streaming_stop');
  await expect
    .poll(() => pod.recorder.of(call).filter(({ step }) => step === 'streaming_start').length)
    .toBe(2);
});
