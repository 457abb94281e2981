/**
 * Ports for local servers, on loopback. A port is free when it is picked and may be taken a moment later,
 * so whoever starts a server on one goes through `onFreePorts`, which notices that and picks again.
 */
import { createServer } from 'node:net';
import { LocalError } from './local-error.ts';

// Below Linux's range for outgoing connections (32768 and up), which would take ports at any moment.
const LOWEST = 20_000;
const HIGHEST = 32_000;
const PICKS = 200;
const ATTEMPTS = 4;

/** A port that nothing uses on 127.0.0.1 right now. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1);
  if (port === undefined) throw new Error('freePorts(1) gave no port');
  return port;
}

/** `count` different free ports. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let pick = 0; pick < PICKS && ports.size < count; pick += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (await isPortFree(port)) ports.add(port);
  }
  if (ports.size < count) {
    throw new LocalError(
      'no_free_port',
      `No free port was found between ${LOWEST} and ${HIGHEST}: end other programs.`,
    );
  }
  return [...ports];
}

/**
 * Runs `start` with `count` free ports. When it fails and one of its ports now belongs to somebody else,
 * the race was lost and it runs again with others; any other failure is passed on.
 */
export async function onFreePorts<T>(
  count: number,
  start: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const ports = await freePorts(count);
    try {
      return await start(ports);
    } catch (error) {
      const free = await Promise.all(ports.map(isPortFree));
      if (free.every(Boolean) || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Whether a server could listen on 127.0.0.1:`port` now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
