import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import { FakeClock } from '#lib/clock/fake-clock.ts';
import { silentLogger } from '#lib/log/logger.ts';
import { createRegistry } from '#lib/metrics/registry.ts';
import { healthRoutes, metricsRoute } from './health-routes.ts';
import { HttpServer } from './http-server.ts';

describe('HttpServer with health routes', () => {
  const servers: HttpServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.stop();
  });

  function serve(notReady: readonly string[], port = 0): Promise<string> {
    return listen(healthRoutes({ notReady: () => notReady, registry: createRegistry('test') }), port);
  }

  async function listen(listener: RequestListener, port = 0): Promise<string> {
    const server = new HttpServer({ name: 'test', host: '127.0.0.1', port, log: silentLogger, listener });
    servers.push(server);
    await server.start(() => undefined);
    return `http://127.0.0.1:${server.port}`;
  }

  test.each([
    ['/healthz', [], 200, 'ok\n'],
    ['/readyz?verbose', [], 200, 'ok\n'],
    ['/readyz', ['Redis is away.'], 503, 'Redis is away.\n'],
  ])('%s with %j answers %i', async (path, notReady, status, body) => {
    const reply = await fetch((await serve(notReady)) + path);
    expect([reply.status, await reply.text()]).toEqual([status, body]);
  });

  test('the metrics are Prometheus text', async () => {
    const reply = await fetch(`${await serve([])}/metrics`);
    expect(reply.headers.get('content-type')).toContain('text/plain');
    expect(await reply.text()).toContain('process_cpu_user_seconds_total{program="test"}');
  });

  test('the metrics can be on a port of their own, with nothing else', async () => {
    const registry = createRegistry('test');
    expect((await fetch(`${await listen(metricsRoute(registry))}/metrics`)).status).toBe(200);
    expect((await fetch(`${await listen(metricsRoute(registry))}/healthz`)).status).toBe(404);
    expect((await fetch(`${await listen(healthRoutes({ notReady: () => [] }))}/metrics`)).status).toBe(404);
  });

  test('an unknown path is a problem reply', async () => {
    const reply = await fetch(`${await serve([])}/nothing`);
    expect(reply.status).toBe(404);
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect(await reply.json()).toMatchObject({ code: 'not_found', status: 404 });
  });

  test('draining finishes the requests under way, and ends busy connections with their next reply', async () => {
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const server = new HttpServer({
      name: 'test',
      host: '127.0.0.1',
      port: 0,
      log: silentLogger,
      listener: (request, response) => {
        if (request.url === '/slow') arrived.resolve();
        void held.promise.then(() => response.end('done'));
      },
    });
    servers.push(server);
    await server.start(() => undefined);
    const socket = connect(server.port, '127.0.0.1');
    // Pipelined: the second request is read when the listener is closed already.
    socket.write('GET /slow HTTP/1.1\r\nHost: test\r\n\r\n');
    await arrived.promise;
    const drained = server.drain();
    socket.write('GET /next HTTP/1.1\r\nHost: test\r\n\r\n');
    held.resolve();
    const replies = await text(socket);
    expect(replies.match(/HTTP.1.1 200/g)).toHaveLength(2);
    expect(replies.match(/^Connection: .*$/gm)?.at(-1)).toBe('Connection: close');
    await drained;
  });

  test('a draining server accepts until those who send requests have heard of it', async () => {
    const clock = new FakeClock();
    const server = new HttpServer({
      name: 'test',
      host: '127.0.0.1',
      port: 0,
      log: silentLogger,
      listener: (_request, response) => response.end('served'),
      lameDuckMs: 1_000,
      clock,
    });
    servers.push(server);
    await server.start(() => undefined);
    const url = `http://127.0.0.1:${server.port}`;
    expect((await fetch(url)).headers.get('connection')).toBe('keep-alive');
    const drained = server.drain();
    await clock.advance(999);
    const late = await fetch(url);
    expect([await late.text(), late.headers.get('connection')]).toEqual(['served', 'close']);
    await clock.advance(1);
    await drained;
    await expect(fetch(url)).rejects.toThrow();
    expect(clock.pending).toBe(0);
  });

  test('one address has no more connections than it may, upgraded ones counted, and another has its own', async () => {
    let refused = 0;
    const server = new HttpServer({
      name: 'test',
      host: '127.0.0.1',
      port: 0,
      log: silentLogger,
      listener: (_request, response) => response.end('served'),
      onUpgrade(_request, socket) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
        socket.resume().once('end', () => socket.end());
      },
      maxConnectionsPerAddress: 2,
      onRefused: () => void refused++,
    });
    servers.push(server);
    await server.start(() => undefined);
    const ask = async (upgrade = '', localAddress = '127.0.0.1') => {
      const socket = connect({ port: server.port, host: '127.0.0.1', localAddress });
      socket.on('error', () => undefined);
      socket.write(`GET / HTTP/1.1\r\nHost: test\r\n${upgrade}\r\n`);
      const reply = once(socket, 'data').then(([data]) => String(data).slice(9, 12));
      return { socket, status: await Promise.race([reply, once(socket, 'close').then(() => 'closed')]) };
    };

    const media = await ask('Connection: Upgrade\r\nUpgrade: websocket\r\n');
    const kept = await ask();
    expect([media.status, kept.status, (await ask()).status]).toEqual(['101', '200', 'closed']);
    expect((await ask('', '127.0.0.2')).status).toBe('200');
    expect(refused).toBe(1);
    media.socket.destroy();
    await expect.poll(async () => (await ask('Connection: close\r\n')).status).toBe('200');
  });

  test('a taken port says so', async () => {
    const port = Number(new URL(await serve([])).port);
    await expect(serve([], port)).rejects.toThrow('another program uses it');
  });
});
