import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { freePort } from '#hack/local/free-port.ts';
import { TcpService } from './tcp-service.ts';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

test('connections go to the backends in turn', async () => {
  const [one, two] = [await backend('one'), await backend('two')];
  const service = await serviceOf([one.address, two.address]);
  expect([await ask(service), await ask(service), await ask(service)]).toEqual(['one', 'two', 'one']);
});

test('a backend that refuses connections is passed over', async () => {
  const one = await backend('one');
  const service = await serviceOf([`127.0.0.1:${await freePort()}`, one.address]);
  expect([await ask(service), await ask(service)]).toEqual(['one', 'one']);
});

test('a client is told at once when no backend takes its connection', async () => {
  const service = await serviceOf([`127.0.0.1:${await freePort()}`]);
  await expect(ask(service)).rejects.toThrow('fetch failed');
});

test('a backend that dies breaks its connections, and the next ones go elsewhere', async () => {
  const [one, two] = [await backend('one', { holds: true }), await backend('two')];
  const service = await serviceOf([one.address, two.address]);
  const held = ask(service);
  held.catch(() => undefined);
  await one.asked;
  one.server.closeAllConnections();
  await new Promise((resolve) => one.server.close(resolve));
  await expect(held).rejects.toThrow('fetch failed');
  expect([await ask(service), await ask(service)]).toEqual(['two', 'two']);
});

async function serviceOf(backends: readonly string[]): Promise<TcpService> {
  const service = await TcpService.start({ host: '127.0.0.1', port: 0, backends });
  cleanups.push(() => service.stop());
  return service;
}

/** Over a connection of its own. */
async function ask(service: TcpService): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${service.port}`, { headers: { connection: 'close' } });
  return response.text();
}

async function backend(name: string, { holds = false }: { readonly holds?: boolean } = {}) {
  const asked = Promise.withResolvers<void>();
  const server: Server = createServer((_request, response) => {
    asked.resolve();
    if (!holds) response.end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { server, address: `127.0.0.1:${port}`, asked: asked.promise };
}
