import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { afterEach, expect, test, vi } from 'vitest';
import { fenceWrites, type WriteFence, WriteFenced } from './write-fence.ts';

class Fence implements WriteFence {
  isHeld = true;
  readonly waiting = new Set<() => void>();

  onLapse(lapsed: () => void): () => void {
    this.waiting.add(lapsed);
    return () => this.waiting.delete(lapsed);
  }

  lapse(): void {
    this.isHeld = false;
    for (const lapsed of this.waiting) lapsed();
  }
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** One connection to a server that answers nothing by itself. */
async function create() {
  const seen: string[] = [];
  const held: ServerResponse[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    seen.push(`${request.method} ${request.url}`);
    held.push(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const fence = new Fence();
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 1, pipelining: 1 });
  closers.push(
    () => pool.destroy(),
    async () => server.close(),
  );
  const fenced = pool.compose(fenceWrites(fence));
  const send = async (method: 'GET' | 'POST', path: string) => {
    const { statusCode, body } = await fenced.request({ method, path });
    await body.dump();
    return statusCode;
  };
  return { seen, held, fence, send };
}

test('writes pass while the fence is held, and leave nothing behind', async () => {
  const { held, fence, send } = await create();
  const sent = send('POST', '/a');
  await vi.waitFor(() => expect(held).toHaveLength(1));
  held[0]?.end();
  expect(await sent).toBe(200);
  expect(fence.waiting.size).toBe(0);
});

test('a write that waited for a connection is not sent when the fence lapsed meanwhile', async () => {
  const { seen, held, fence, send } = await create();
  const first = send('GET', '/first');
  const second = send('POST', '/second');
  const third = send('GET', '/third');
  const refused = expect(second).rejects.toBeInstanceOf(WriteFenced);
  await vi.waitFor(() => expect(held).toHaveLength(1));
  // As after a SIGSTOP: no timer had the time to tell anybody.
  fence.isHeld = false;
  held[0]?.end();
  await first;
  await refused;
  await vi.waitFor(() => expect(held).toHaveLength(2));
  held[1]?.end();
  await third;
  expect(seen).toEqual(['GET /first', 'GET /third']);
});

test('a write whose reply is outstanding is given up when the fence lapses, a read is not', async () => {
  const { held, fence, send } = await create();
  const write = send('POST', '/a');
  const refused = expect(write).rejects.toBeInstanceOf(WriteFenced);
  await vi.waitFor(() => expect(held).toHaveLength(1));
  const closed = once(held[0]?.socket ?? expect.unreachable(), 'close');
  fence.lapse();
  await refused;
  await closed;
  expect(fence.waiting.size).toBe(0);
  const read = send('GET', '/b');
  await vi.waitFor(() => expect(held).toHaveLength(2));
  held[1]?.end();
  expect(await read).toBe(200);
});
