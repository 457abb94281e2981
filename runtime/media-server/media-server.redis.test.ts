import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { podKeys, projectionKeys } from '#crds/projection/keys.ts';
import { startTestRedis, type TestRedis } from '#hack/testing/redis.ts';
import { callIDOf } from '#runtime/call/call-id.ts';
import { storeKeys } from '#runtime/store/store-keys.ts';
import type { Command } from '#runtime/testing/carrier-recorder.ts';
import { TENANT, TestRuntime, webhookOf } from '#runtime/testing/test-runtime.ts';

const SLOTS = podKeys.slots('veralux-system/shared', 'pod-a');

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

/** Takes a call to where its stream was asked for, with its slot on another pod. */
async function answerForOther(call: string): Promise<Command> {
  const start = await pod.answer(call);
  const key = storeKeys.call({ tenantID: TENANT, callID: callIDOf(call) });
  const record = JSON.parse((await pod.redis.hget(key, 'record')) ?? '');
  await pod.redis.hset(key, 'record', JSON.stringify({ ...record, pod: 'pod-b' }));
  await pod.redis.del(SLOTS);
  return start;
}

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

  test('for such a use where the slot of its call is on another pod, and the call keeps the one that it gets here', async () => {
    const start = await answerForOther('v3:moved');
    const both = await Promise.all([pod.openMedia(start), pod.openMedia(start)]);
    expect(both.filter((socket) => socket === 409)).toHaveLength(1);
    expect(await pod.redis.zcard(SLOTS)).toBe(1);
  });

  test('at another path: 404', async () => {
    const start = await pod.answer('v3:path');
    const elsewhere = { ...start, body: { ...start.body, stream_url: 'ws://x/media/pod-a' } };
    expect(await pod.openMedia(elsewhere)).toBe(404);
  });

  test('where all slots are taken, and by a pod that drains: 503', async () => {
    const start = await pod.answer('v3:late');
    const soon = Date.now() + 60_000;
    await pod.redis.zrem(SLOTS, `${TENANT}/${callIDOf('v3:late')}`);
    await pod.redis.zadd(SLOTS, soon, 'x', soon, 'y', soon, 'z');
    expect(await pod.openMedia(start)).toBe(503);
    await pod.redis.del(SLOTS);
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

  test('where it could not be stored: 503, and no slot is left with it', async () => {
    const start = await answerForOther('v3:broken');
    const seen = storeKeys.seen({ tenantID: TENANT, callID: callIDOf('v3:broken') });
    await pod.redis.del(seen);
    await pod.redis.set(seen, 'no set');
    expect(await pod.openMedia(start)).toBe(503);
    expect(await pod.redis.zcard(SLOTS)).toBe(0);
  });

  test('of a call that is over: 409, and no slot is left with it', async () => {
    const start = await pod.answer('v3:gone');
    await pod.deliver(webhookOf('call.hangup', 'v3:gone'));
    await expect.poll(() => pod.redis.zcard(SLOTS)).toBe(0);
    expect(await pod.openMedia(start)).toBe(409);
    expect(await pod.redis.zcard(SLOTS)).toBe(0);
  });
});

test('one address has no more connections than it may, and its media socket is taken once another has closed', async () => {
  const few = await TestRuntime.start(server.url, { POD_NAME: 'pod-few', CONNECTIONS_PER_ADDRESS: '2' });
  const start = await few.answer('v3:crowded');
  const others = [0, 1].map(() => connect({ port: few.runtime.server.port, host: '127.0.0.1' }));
  await Promise.all(others.map((socket) => once(socket, 'connect')));
  await expect(few.openMedia(start)).rejects.toThrow();
  for (const socket of others) socket.destroy();
  await expect.poll(() => few.openMedia(start).catch(() => undefined)).toBeInstanceOf(WebSocket);
  expect(await few.metric('veralux_connections_refused_total')).toBeGreaterThan(0);
  await few.stop();
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
