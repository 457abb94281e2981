import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { askPod, HELD_CALLS_PATH, heldCallsRoute } from './held-calls.ts';
import { signProbe } from './probe-token.ts';

const callTokenSecret = 's'.repeat(32);
/** Its time stands still: nobody is too late on a busy machine. */
const options = { callTokenSecret, clock: new FakeClock() };
const held = () => new Map([['call-1', 7]]);
const hasRedis = () => true;
const servers: Server[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a pod says which calls it holds, at which generation, and whether it has Redis', async () => {
  const address = await serve(heldCallsRoute({ ...options, pod: 'a', held, hasRedis }));
  expect(await askPod({ pod: 'a', address }, options)).toEqual({ calls: held(), hasRedis: true });
});

test('whoever answers at the address of a pod that is gone is not that pod', async () => {
  const address = await serve(heldCallsRoute({ ...options, pod: 'b', held, hasRedis }));
  expect(await askPod({ pod: 'a', address }, options)).toBeUndefined();
});

test('one that is not there, does not answer in time, or answers something else holds nothing', async () => {
  const clock = new FakeClock();
  const hanging = Promise.withResolvers<void>();
  const silent = await serve(() => hanging.resolve());
  const asked = askPod({ pod: 'a', address: silent }, { callTokenSecret, clock });
  await hanging.promise;
  await clock.advance(1_000);
  const nonsense = await serve((_request, response) => response.end('<html>'));
  const gone = await serve(() => undefined);
  servers.pop()?.close();
  expect([
    await asked,
    await askPod({ pod: 'a', address: nonsense }, options),
    await askPod({ pod: 'a', address: gone }, options),
  ]).toEqual([undefined, undefined, undefined]);
});

test('nobody is told without a token of this runtime, made lately for this pod', async () => {
  const address = await serve(heldCallsRoute({ ...options, pod: 'a', held, hasRedis }));
  const nowMs = options.clock.now();
  const ask = async (authorization?: string) =>
    (await fetch(`${address}${HELD_CALLS_PATH}`, { headers: authorization ? { authorization } : {} })).status;
  const token = signProbe('a', callTokenSecret, nowMs);
  expect(await ask(`Bearer ${token}`)).toBe(200);
  expect([
    await ask(),
    await ask(`Bearer ${token}x`),
    await ask(`Bearer ${signProbe('b', callTokenSecret, nowMs)}`),
    await ask(`Bearer ${signProbe('a', 'another secret', nowMs)}`),
    await ask(`Bearer ${signProbe('a', callTokenSecret, nowMs - 3_600_000)}`),
    await ask(`Bearer ${signProbe('a', callTokenSecret, nowMs + 3_600_000)}`),
  ]).toEqual([401, 401, 401, 401, 401, 401]);
});
