import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { createRuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { webhookOf } from '#runtime/testing/test-runtime.ts';
import { WebhookEndpoint, type WebhookEndpointOptions } from './webhook-endpoint.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const clock = new FakeClock();
const timestamp = String(clock.now() / 1_000);

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

async function serve(options: Pick<WebhookEndpointOptions, 'router' | 'maxInHand'>): Promise<number> {
  const metrics = createRuntimeMetrics(createRegistry('test'));
  const endpoint = new WebhookEndpoint({
    key: publicKey,
    drive: () => undefined,
    log: silentLogger,
    clock,
    metrics,
    ...options,
  });
  server = createServer((request, response) => void endpoint.handle(request, response)).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function deliver(port: number): Promise<Response> {
  const body = JSON.stringify(webhookOf('call.initiated', 'v3:a'));
  const signature = sign(null, Buffer.from(`${timestamp}|${body}`), privateKey).toString('base64');
  const headers = { 'telnyx-timestamp': timestamp, 'telnyx-signature-ed25519': signature };
  return fetch(`http://127.0.0.1:${port}`, { method: 'POST', body, headers });
}

test('webhooks above what can be worked on are put off with 503, and taken once there is room', async () => {
  const inHand: (() => void)[] = [];
  const route = () =>
    new Promise<{ outcome: string; calls: [] }>((resolve) => {
      inHand.push(() => resolve({ outcome: 'Known', calls: [] }));
    });
  const port = await serve({ router: { route }, maxInHand: 2 });
  const taken = [deliver(port), deliver(port)];
  await expect.poll(() => inHand.length).toBe(2);
  const refused = await deliver(port);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  for (const done of inHand) done();
  expect((await Promise.all(taken)).map(({ status }) => status)).toEqual([200, 200]);
  const again = deliver(port);
  await expect.poll(() => inHand.length).toBe(3);
  inHand[2]?.();
  expect((await again).status).toBe(200);
});

test('a webhook that could not be taken is to come again by another connection', async () => {
  const port = await serve({ router: { route: () => Promise.reject(new Error('Redis is away')) } });
  const refused = await deliver(port);
  expect([refused.status, refused.headers.get('connection')]).toEqual([503, 'close']);
});

test('a signed request whose body does not come is cut off', async () => {
  const port = await serve({ router: { route: () => Promise.reject(new Error('nothing to route')) } });
  const signature = Buffer.alloc(64, 7).toString('base64');
  const socket = connect(port, '127.0.0.1');
  socket.write(
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\ntelnyx-timestamp: ${timestamp}\r\n` +
      `telnyx-signature-ed25519: ${signature}\r\n\r\n{`,
  );
  const reply = text(socket);
  await expect.poll(() => clock.pending).toBe(1);
  await clock.advance(3_000);
  await clock.advance(1_000);
  expect(await reply).toContain('HTTP/1.1 408');
});

test('a request without the headers of a signature is refused before its body is read', async () => {
  const port = await serve({ router: { route: () => Promise.reject(new Error('nothing to route')) } });
  const socket = connect(port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n');
  const reply = text(socket);
  await expect.poll(() => clock.pending).toBe(1);
  await clock.advance(1_000);
  expect(await reply).toContain('HTTP/1.1 401');
});

test('only the carrier keeps its connection', async () => {
  const port = await serve({ router: { route: async () => ({ outcome: 'Known', calls: [] }) } });
  const url = `http://127.0.0.1:${port}`;
  const kept = [
    await deliver(port),
    await fetch(url),
    await fetch(url, { method: 'POST', body: '{}' }),
    await fetch(url, { method: 'POST', body: '{}', headers: { 'telnyx-timestamp': timestamp } }),
  ].map(({ status, headers }) => `${status} ${headers.get('connection')}`);
  expect(kept).toEqual(['200 keep-alive', '405 close', '401 close', '401 close']);
});
