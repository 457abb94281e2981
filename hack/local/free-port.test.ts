import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { freePort, isPortFree, onFreePorts } from './free-port.ts';

async function listenOn(port: number | undefined): Promise<{ close: () => void }> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('ports', () => {
  test('are free when they are picked, and seen to be taken afterwards', async () => {
    const port = await freePort();
    expect(await isPortFree(port)).toBe(true);
    const server = await listenOn(port);
    expect(await isPortFree(port)).toBe(false);
    server.close();
  });

  test('lost to somebody else in the meantime are picked again', async () => {
    const rivals: { close: () => void }[] = [];
    const tried: number[] = [];
    const result = await onFreePorts(1, async ([port = 0]) => {
      tried.push(port);
      if (tried.length === 1) {
        rivals.push(await listenOn(port));
        throw new Error('address in use');
      }
      return port;
    });
    expect(tried).toHaveLength(2);
    expect(result).toBe(tried[1]);
    for (const rival of rivals) rival.close();
  });

  test('are not blamed for another failure', async () => {
    let attempts = 0;
    const start = onFreePorts(2, async () => {
      attempts += 1;
      throw new Error('bad flag');
    });
    await expect(start).rejects.toThrow('bad flag');
    expect(attempts).toBe(1);
  });
});
