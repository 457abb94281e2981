import type { WebSocket } from 'ws';
import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import { LOOK_AGAIN_MS } from '#runtime/media/media-socket.ts';

/**
 * The carrier sends a frame every 20 ms, also of silence: a socket without any is broken, as one whose other end
 * vanished. Its caller hears nothing meanwhile, and a pause of the network is shorter.
 */
const IDLE_TIMEOUT_MS = 3_000;

/**
 * Cuts a media socket that has gone quiet, as one does whose other end vanished: its `close` tells
 * the session. Also listens for its errors, which would otherwise end the process.
 */
export function watchSocket(socket: WebSocket, options: { clock: Clock; log: Logger }): void {
  const { clock, log } = options;
  let lastMs = clock.monotonic();
  const look = (isSecond: boolean) => {
    const silentMs = clock.monotonic() - lastMs;
    if (silentMs < IDLE_TIMEOUT_MS) cancel = clock.after(IDLE_TIMEOUT_MS - silentMs, () => look(false));
    else if (!isSecond) cancel = clock.after(LOOK_AGAIN_MS, () => look(true));
    else {
      log.warn({ silentMs: Math.round(silentMs) }, 'a media socket has gone quiet and was cut');
      socket.terminate();
    }
  };
  let cancel = clock.after(IDLE_TIMEOUT_MS, () => look(false));
  socket.on('message', () => {
    lastMs = clock.monotonic();
  });
  socket.on('error', (error) => log.warn({ err: error }, 'a media socket failed'));
  socket.once('close', () => cancel());
}
