import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FaultyLink } from './faulty-link.ts';

let server: Server;
let link: FaultyLink;
let client: Socket;
let heard = '';

beforeEach(async () => {
  heard = '';
  // An echo.
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  link = await FaultyLink.start((server.address() as AddressInfo).port);
  client = dial();
  await once(client, 'connect');
});

afterEach(async () => {
  client.destroy();
  await link.stop();
  server.close();
});

function dial(): Socket {
  const socket = connect(link.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString();
  });
  return socket;
}

test('a whole link passes everything', async () => {
  client.write('hello');
  await expect.poll(() => heard).toBe('hello');
});

test('a silent link keeps its connections and hands on later what was sent meanwhile', async () => {
  client.write('one ');
  await expect.poll(() => heard).toBe('one ');
  link.cut('Silent');
  client.write('two');
  const other = dial();
  await once(other, 'connect');
  other.write(' three');
  await answersWhole();
  expect(heard).toBe('one ');
  link.mend();
  await expect.poll(() => heard.length).toBe('one two three'.length);
  other.destroy();
});

/** By then a link that passed anything would have passed the rest, too. */
async function answersWhole(): Promise<void> {
  const direct = connect((server.address() as AddressInfo).port, '127.0.0.1');
  direct.write('?');
  await once(direct, 'data');
  direct.destroy();
}

test('a refused link breaks its connections and takes none until it is mended', async () => {
  const closed = once(client, 'close');
  link.cut('Refused');
  await closed;
  await once(dial(), 'close');
  link.mend();
  client = dial();
  client.write('again');
  await expect.poll(() => heard).toBe('again');
});
