import type { WebSocket } from 'ws';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';

/** The carrier sends a frame every 20 ms, also of silence: a socket without any is broken. */
const IDLE_TIMEOUT_MS = 15_000;

/**
 * Cuts a media socket that has gone quiet, as one does whose other end vanished: its `close` tells
 * the session. Also listens for its errors, which would otherwise end the process.
 */
export function watchSocket(socket: WebSocket, options: { clock: Clock; log: Logger }): void {
  const { clock, log } = options;
  let lastMs = clock.monotonic();
  const look = () => {
    const silentMs = clock.monotonic() - lastMs;
    if (silentMs < IDLE_TIMEOUT_MS) {
      cancel = clock.after(IDLE_TIMEOUT_MS - silentMs, look);
      return;
    }
    log.warn({ silentMs: Math.round(silentMs) }, 'a media socket has gone quiet and was cut');
    socket.terminate();
  };
  let cancel = clock.after(IDLE_TIMEOUT_MS, look);
  socket.on('message', () => {
    lastMs = clock.monotonic();
  });
  socket.on('error', (error) => log.warn({ err: error }, 'a media socket failed'));
  socket.once('close', () => cancel());
}
